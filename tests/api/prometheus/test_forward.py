"""What only the process that takes metrics in can do goes to it, and its answer comes back as it is.

Writes have tests of their own: test_passed_on.py."""

import json
from collections.abc import Iterator

import pytest

from otelier._core import snappy
from otelier.server.endpoint import Response

from .conftest import Prometheus


@pytest.fixture
def child(internal) -> Iterator[Prometheus]:
    server = Prometheus(parent=internal.parent())
    yield server
    server.stop()


def test_a_request_is_sent_on_with_the_token_and_answered_unchanged(child, internal):
    internal.answer = Response(400, (("content-type", "text/plain"), ("x-b", "3")), b"out of bounds\n")
    headers = {"x-scope-orgid": "t", "x-otelier-token": "guess", "x-otelier-max-bytes": "1"}
    answer = child.ask("POST", "/api/v1/admin/tsdb/delete_series?match[]=%2F", snappy(b"body"), {
        **headers, "content-encoding": "snappy",
    })  # fmt: skip
    assert (answer.status, answer.headers["x-b"], answer.body) == (400, "3", b"out of bounds\n")
    [(_, _, query, body, seen)] = internal.asked
    assert (query, body) == ("match[]=%2F", b"body")
    assert seen["x-otelier-token"] == "s3cret"
    assert seen["x-scope-orgid"] == "t"
    assert not {"content-encoding", "x-otelier-max-bytes"} & seen.keys()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/targets?state=active"), ("GET", "/api/v1/targets/metadata"), ("GET", "/api/v1/scrape_pools"),
        ("POST", "/api/v1/admin/tsdb/delete_series?match[]=up"), ("PUT", "/api/v1/admin/tsdb/snapshot"),
        ("POST", "/-/reload"), ("GET", "/api/v1/status/config"),
    ],
)  # fmt: skip
def test_paths_of_the_parent(child, internal, method, path):
    internal.answer = Response(200, (), b'{"status":"success"}')
    assert child.ask(method, path).json == {"status": "success"}
    assert internal.asked[0][:2] == (method, path.partition("?")[0])


def test_a_connection_that_was_closed_meanwhile_is_replaced(child, internal):
    path = "/api/v1/admin/tsdb/snapshot"
    assert child.ask("POST", path, b"1").status == 204
    internal.restart()
    assert child.ask("POST", path, b"2").status == 204
    assert [each[3] for each in internal.asked] == [b"1", b"2"]


def test_a_parent_that_is_gone_is_a_503(child, internal):
    internal.endpoint.stop(0.1)
    status, kind, text = child.ask("POST", "/-/reload", b"1").error
    assert (status, kind) == (503, "timeout")
    assert "try again later" in text
    assert child.get("status/config").data == {"yaml": ""}


def test_without_a_parent_only_reading_is_possible(prometheus):
    for method, path in (("POST", "write"), ("GET", "targets")):
        answer = prometheus.ask(method, f"/api/v1/{path}")
        assert answer.status == 503
        assert "add it to service::extensions" in json.loads(answer.body)["error"]


def test_other_pages_of_a_browser_may_not_write(child, internal):
    elsewhere = {"origin": "http://elsewhere.example", "content-type": "text/plain"}
    assert child.ask("POST", "/-/reload", b"", elsewhere).status == 403
    assert not internal.asked
    assert (
        child.ask("POST", "/-/reload", b"", {"origin": "http://localhost:9090", "host": "localhost:9090"}).status == 204
    )


def test_what_only_the_parent_knows_of_itself_is_told_with_the_rest(child, internal):
    known = b'{"status":"success","data":{"reloadConfigSuccess":false,"storageRetention":"15d"}}'
    internal.answer = Response(200, (), known)
    found = child.get("status/runtimeinfo").data
    assert (found["reloadConfigSuccess"], found["storageRetention"], found["CWD"]) == (False, "15d", "/data")
    internal.endpoint.stop(0.1)
    assert child.get("status/runtimeinfo").data["reloadConfigSuccess"]


def test_notifications_are_those_of_the_parent_and_none_without_one(child, internal, prometheus):
    told = [{"text": "Configuration reload has failed.", "date": "2026-01-02T03:04:05Z", "active": True}]
    internal.answer = Response(
        200, (("content-type", "application/json"),), json.dumps({"status": "success", "data": told}).encode()
    )
    assert child.get("notifications").data == told
    assert prometheus.get("notifications").data == []
    assert child.get("notifications/live").status == 204


def test_what_the_parent_can_do_is_a_flag_and_a_feature(child, prometheus):
    names = ("admin-api", "otlp-receiver", "remote-write-receiver")
    for server, takes in ((child, True), (prometheus, False)):
        flags, api = server.get("status/flags").data, server.get("features").data["api"]
        assert {flags[f"web.enable-{name}"] for name in names} == {"true" if takes else "false"}
        assert {api[name] for name in ("admin", "otlp_write_receiver", "remote_write_receiver")} == {takes}
        assert (flags["query.lookback-delta"], flags["query.timeout"]) == ("5m", "2m")
