"""A trace is deleted over HTTP where that is allowed, and found by no API afterwards."""

import pytest

from otelier.storage.local import close_store
from otelier.testing import log_record, logs, span, trace_id, traces

from .conftest import Backend

ADDRESS = f"/api/otelier/v1/traces/{trace_id(1).hex()}"


@pytest.fixture
def allowing(tmp_path):
    backend = Backend(tmp_path, allow_delete=True)
    yield backend
    backend.close()


def fill(backend) -> None:
    backend.store(traces(span(trace=1), span(trace=2)))
    backend.store(logs(log_record("one", trace=1), log_record("two", trace=2)))
    backend.store(traces(span(trace=1)), tenant="acme")


def shown(backend, number: int, **headers: str) -> int:
    return backend.ask(f"/api/traces/{trace_id(number).hex()}", **headers).status


@pytest.mark.proves("otelier_query.allow_delete")
def test_it_is_off_unless_it_is_allowed(backend):
    fill(backend)
    answer = backend.ask(ADDRESS, "DELETE")
    assert (answer.status, "allow_delete" in answer.json["error"]["message"]) == (403, True)
    assert shown(backend, 1) == 200


def test_it_is_gone_when_it_is_answered_and_others_stay(allowing):
    fill(allowing)
    answer = allowing.ask(ADDRESS, "DELETE")
    assert (answer.status, answer.json) == (200, {"spans": 1, "logRecords": 0})
    assert [shown(allowing, 1), shown(allowing, 2)] == [404, 200]
    assert shown(allowing, 1, X_Scope_OrgID="acme") == 200
    assert len(allowing.ask(f"{ADDRESS}/logs").json["logs"]) == 1
    assert allowing.ask(ADDRESS + "?logs=true", "DELETE").json == {"spans": 0, "logRecords": 1}
    assert allowing.ask(f"{ADDRESS}/logs").json["logs"] == []
    assert allowing.ask(ADDRESS, "DELETE", X_Scope_OrgID="acme").json["spans"] == 1


@pytest.mark.parametrize(
    ("path", "said"), [("/api/otelier/v1/traces/xyz", "trace id"), (ADDRESS + "?logs=1", "true or false")]
)
def test_what_makes_no_sense_is_refused(allowing, path, said):
    answer = allowing.ask(path, "DELETE")
    assert (answer.status, said in answer.json["error"]["message"]) == (400, True)


def test_other_sites_are_not_told_that_they_may(allowing):
    answer = allowing.ask(ADDRESS, "OPTIONS", Origin="http://elsewhere.example", Access_Control_Request_Method="DELETE")
    assert answer.status == 405
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_without_a_writer_it_says_so(allowing):
    fill(allowing)
    close_store(allowing.engine)
    answer = allowing.ask(ADDRESS, "DELETE")
    assert (answer.status, "start it" in answer.json["error"]["message"]) == (503, True)
