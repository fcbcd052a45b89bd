"""`otelier.open` of a URL answers as that of the directory behind it does."""

import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

import otelier
from otelier._core import Inbox, Server
from otelier.component import Meter, SystemClock
from otelier.query.errors import BadQuery
from otelier.query.opened import Opened
from otelier.query.remote import Remote
from otelier.storage.local import StoreSettings
from otelier.storage.metrics import close_metrics, open_metrics
from otelier.testing import gauge, log_record, logs, metrics, span, traces
from otelier.testing.telemetry import key_values

NOW_NS = time.time_ns() // 10**9 * 10**9
MINUTE_NS = 60 * 10**9


@pytest.fixture
def both(backend, tmp_path) -> Iterator[tuple[Opened, Remote]]:
    for number in range(1, 5):
        one = span(
            "get" if number % 2 else "put",
            number=number,
            trace=number,
            start_ns=NOW_NS - number * MINUTE_NS,
            attributes={"n": number, "who": f"u{number}"},
        )
        one.events.append(Span.Event(name="log", time_unix_nano=NOW_NS, attributes=key_values({"e": "x"})))
        backend.store(traces(one))
    backend.store(logs(log_record("failed", trace=1, number=17, time_ns=NOW_NS)))
    engine = open_metrics(StoreSettings(data_dir=str(tmp_path)), SystemClock(), Meter())
    heap = gauge("heap", 1.5, 2.5, attributes={"pool": "old"})
    for number, point in enumerate(heap.gauge.data_points):
        point.time_unix_nano = NOW_NS - number * MINUTE_NS
    engine.append_otlp("default", metrics(heap))
    host, port = backend.application.address
    with otelier.open(tmp_path) as local, otelier.open(f"http://{host}:{port}/") as remote:
        yield local, remote
    close_metrics(engine)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM spans ORDER BY start_time",
        "SELECT *, \"event.e\" FROM events WHERE name = 'log' ORDER BY start_time",
        "SELECT * FROM logs WHERE severity_number >= 17",
        "SELECT * FROM metrics ORDER BY time",
        "SELECT sum(duration_ns), [1], {'a': NULL}, 1 AS x, 2 AS x, 'a'::ENUM('a') FROM spans",
        "SELECT 1 WHERE false",
    ],
)
def test_sql(both, text):
    local, remote = (each.sql(text) for each in both)
    assert (local.columns, local.types, local.rows()) == (remote.columns, remote.types, remote.rows())
    assert local.looked == remote.looked


def test_lengths_of_time_are_seconds_in_every_library(both):
    for each in both:
        found = each.sql("SELECT max(start_time) - min(start_time), INTERVAL 14 MONTH, INTERVAL 90.5 SECOND FROM spans")
        assert found.polars().row(0) == tuple(found.pandas().iloc[0]) == (180.0, 36_288_000.0, 90.5)
        assert found.rows() == [[180.0, 36_288_000.0, 90.5]]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{ span.n > 1 } | select(span.who, status, kind)",
        '{ name = "put" } | by(resource.service.name) | count() > 0',
        "{ span.n > 100 }",
    ],
)
def test_searches(both, text):
    local, remote = (each.traceql(text, start_ns=NOW_NS - 10 * MINUTE_NS, end_ns=NOW_NS) for each in both)
    assert (local.columns, local.rows()) == (remote.columns, remote.rows())
    assert local.warnings == remote.warnings == []


@pytest.mark.parametrize(("start", "end", "found"), [(0, 1, 1), (-1, 0, 1), (1, 10, 0), (-10, -1, 0)])
@pytest.mark.parametrize("text", ["{}", "{} | count_over_time() by (name)"])
def test_times_are_exact_to_the_nanosecond(both, text, start, end, found):
    at = NOW_NS - MINUTE_NS
    for each in both:
        assert len(each.traceql(text, start_ns=at + start, end_ns=at + end)) == found


def test_spans_that_a_server_leaves_out_are_told(both, backend):
    backend.store(traces(*(span("many", trace=9, number=n, start_ns=NOW_NS) for n in range(1, 131))))
    local, remote = (each.traceql('{ name = "many" }') for each in both)
    assert (len(local), local.warnings) == (130, [])
    assert len(remote) == 100
    assert "30 spans are left out" in remote.warnings[0]
    assert both[1].traceql('{ name = "many" }', spans=7).warnings == []


@pytest.mark.parametrize("step_s", [0, 60, 1.001, 1_234_567])
def test_metrics_of_traces(both, step_s):
    text = "{} | count_over_time() by (name)"
    whole = {"start_ns": NOW_NS // (60 * 10**9) * 60 * 10**9 - 10 * MINUTE_NS, "step_s": step_s}
    whole["end_ns"] = whole["start_ns"] + 8 * MINUTE_NS
    local, remote = (each.traceql(text, **whole) for each in both)
    assert (local.columns, sorted(local.rows())) == (remote.columns, sorted(remote.rows()))
    assert len(local) >= 2


@pytest.mark.parametrize("step_s", [0, 60])
def test_metrics_of_traces_without_times_are_of_the_last_hour(both, step_s):
    before_ns = time.time_ns()
    for each in both:
        rows = each.traceql("{} | count_over_time()", step_s=step_s).polars()
        assert rows["value"].sum() == 4
        told_ns = rows["time"].max().timestamp() * 1e9
        assert before_ns - 10**9 <= told_ns <= time.time_ns() + 2 * MINUTE_NS


@pytest.mark.parametrize(
    "given",
    [{"step_s": float("nan")}, {"step_s": float("inf")}, {"step_s": -1}, {"start_ns": 10**30}, {"end_ns": -(10**30)}],
)
def test_times_that_are_none_are_told(both, given):
    whole = {"start_ns": NOW_NS - MINUTE_NS, "end_ns": NOW_NS, "step_s": 60}
    with pytest.raises(BadQuery):
        both[0].traceql("{} | rate()", **{**whole, **given})
    with pytest.raises(BadQuery):
        both[0].promql("heap", **{**whole, **given})


def test_promql_at_steps_without_times_is_of_the_last_hour(both):
    before_ns = time.time_ns()
    for each in both:
        rows = each.promql("1", step_s=60).polars()
        assert len(rows) in (60, 61)
        assert before_ns - MINUTE_NS <= rows["time"].max().timestamp() * 1e9 <= time.time_ns()


def test_promql_from_start_to_end_needs_a_step(both):
    for each in both:
        with pytest.raises(BadQuery, match="give step_s"):
            each.promql("heap", start_ns=NOW_NS - MINUTE_NS, end_ns=NOW_NS)


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("heap", {"time_ns": NOW_NS}),
        ("heap[5m]", {"time_ns": NOW_NS}),
        ("sum by (pool) (heap)", {"start_ns": NOW_NS - 5 * MINUTE_NS, "end_ns": NOW_NS, "step_s": 60}),
        ("1 + 1", {"time_ns": NOW_NS}),
        ("1 + 1", {"start_ns": NOW_NS - 1_234_567 * 10**9, "end_ns": NOW_NS, "step_s": 1_234_567}),
        ("none", {}),
    ],
)
def test_promql(both, text, given):
    local, remote = (each.promql(text, **given) for each in both)
    assert (local.columns, local.rows()) == (remote.columns, remote.rows())


@pytest.mark.parametrize(
    ("language", "text"), [("sql", "COPY spans TO 'x'"), ("traceql", "{ x"), ("promql", "sum(("), ("traceql", "{} | a")]
)
def test_what_is_wrong_is_told(both, language, text):
    for each in both:
        with pytest.raises(BadQuery):
            getattr(each, language)(text)


@pytest.mark.parametrize("language", ["sql", "traceql", "promql"])
@pytest.mark.parametrize("query", [5, b"x", None])
def test_a_query_that_is_no_text_is_told(both, language, query):
    for each in both:
        with pytest.raises(TypeError, match=rf"is a text \(str\), not {type(query).__name__}: "):
            getattr(each, language)(query)


def test_another_tenant_sees_nothing(both, backend):
    host, port = backend.application.address
    with otelier.open(f"http://{host}:{port}", tenant="other") as remote:
        assert remote.sql("SELECT count(*) FROM spans").rows() == [[0]]


def test_who_is_not_there_is_told(backend):
    with otelier.open("http://127.0.0.1:1") as remote, pytest.raises(ConnectionError, match="nobody answers"):
        remote.sql("SELECT 1")
    host, port = backend.application.tempo_address
    with otelier.open(f"http://{host}:{port}") as remote, pytest.raises(LookupError, match="address of Otelier's UI"):
        remote.sql("SELECT 1")


@pytest.mark.parametrize("kind", ["grpc", "otlp_http"])
def test_at_a_port_of_otlp_that_of_the_ui_is_told(kind):
    server = Server(f'{{"kind":"{kind}","host":"127.0.0.1","port":0}}'.encode(), Inbox(1))
    with otelier.open(f"http://127.0.0.1:{server.address[1]}") as remote:
        for ask in (remote.sql, remote.promql):
            with pytest.raises(LookupError, match="address of Otelier's UI, whose port is usually 16686"):
                ask("SELECT 1")
    server.stop(0)
