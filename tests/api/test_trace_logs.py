"""The log records of a trace."""

import pytest

from otelier.testing import log_record, logs, span, span_id, trace_id, traces
from otelier.testing.telemetry import START_NS


def path(number: int) -> str:
    return f"/api/otelier/v1/traces/{trace_id(number).hex()}/logs"


def test_records_of_the_trace_come_with_what_a_page_shows(backend):
    backend.store(traces(span()))
    backend.store(
        logs(
            log_record("주문 accepted", trace=1, attributes={"n": 2**60, "items": ["a", {"k": 1.5}]}),
            log_record("other", trace=2),
            log_record("nowhere"),
        )
    )
    assert backend.ask(path(1)).json == {
        "logs": [
            {
                "timeUnixNano": str(START_NS),
                "service": "shop",
                "body": "주문 accepted",
                "severityText": "INFO",
                "spanId": span_id(1).hex(),
                "attributes": {"n": str(2**60), "items": ["a", {"k": 1.5}]},
                "scope": "test",
            }
        ]
    }


def test_records_are_in_the_order_of_their_times(backend):
    late, early, observed = log_record("late", trace=1), log_record("early", trace=1), log_record("seen", trace=1)
    late.time_unix_nano = START_NS + 2
    early.time_unix_nano = START_NS
    observed.time_unix_nano, observed.observed_time_unix_nano = 0, START_NS + 1
    backend.store(logs(late, early, observed))
    assert [each["body"] for each in backend.ask(path(1)).json["logs"]] == ["early", "seen", "late"]


def test_a_trace_without_logs_has_none(backend):
    assert backend.ask(path(5)).json == {"logs": []}


@pytest.mark.parametrize("name", ["xyz", "..%2f..%2fetc"])
def test_what_is_no_trace_id_is_refused(backend, name: str):
    answer = backend.ask(f"/api/otelier/v1/traces/{name}/logs")
    assert (answer.status, answer.json["error"]["httpCode"]) == (400, 400)
