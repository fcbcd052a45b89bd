"""SQL over a store answers what plain Python computes from the same spans: log, segments, split, merged, sent twice."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from otelier.query.errors import Abandoned, BadQuery, TooLarge
from otelier.query.gate import Gate
from otelier.query.metrics import Metrics
from otelier.query.snapshot import Snapshot
from otelier.query.sql.columns import VIEWS
from otelier.query.sql.engine import Result, Sql
from otelier.query.sql.limits import Limits
from otelier.testing import log_record, logs, span, span_id, trace_id
from otelier.testing import traces as sent_traces
from otelier.testing.telemetry import START_NS

from ..traceql.decoded import Span, traces
from ..traceql.generate import batches
from ..traceql.stored import ARRANGEMENTS, Store

_KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"]
_STATUSES = ["unset", "ok", "error"]
_ROWS = """
SELECT trace_id, span_id, parent_span_id, epoch_ns(start_time), duration_ns, name, kind, status, status_message,
    service, scope_name FROM spans
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("data"))
    yield store
    store.close()


def asked(store: Store, tenant: str, text: str, limits: Limits | None = None, **keys: Any) -> Result:
    gate = Gate(1, 0)
    return Sql(store.snapshot, Metrics(store.directory, gate), gate, limits or Limits()).query(tenant, text, **keys)


def row(span: Span) -> tuple[Any, ...]:
    service = span.resource.get("service.name")
    return (
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_id.hex() or None,
        span.start_ns,
        span.end_ns - span.start_ns,
        span.name,
        _KINDS[span.kind],
        _STATUSES[span.status],
        span.status_message,
        service if isinstance(service, str) else None,
        span.scope_name,
    )


@settings(suppress_health_check=list(HealthCheck), max_examples=10)
@given(batches(), ARRANGEMENTS)
def test_rows_are_the_spans_each_once(store, sent, arrangement):
    tenant = store.keep(sent, arrangement)
    found = asked(store, tenant, _ROWS)
    assert Counter(map(tuple, found.rows)) == Counter(row(span) for trace in traces(sent) for span in trace.spans)


@settings(suppress_health_check=list(HealthCheck), max_examples=10)
@given(batches(), ARRANGEMENTS)
def test_groups_are_those_of_a_plain_count(store, sent, arrangement):
    tenant = store.keep(sent, arrangement)
    text = "SELECT name, count(\"span.n\"), count(*), sum(duration_ns) FROM spans WHERE kind <> 'client' GROUP BY ALL"
    start_ns, end_ns = START_NS + 2 * 10**9, START_NS + 8 * 10**9
    expected: dict[str, list[int]] = {}
    for each in (each for trace in traces(sent) for each in trace.spans):
        if start_ns <= each.start_ns <= end_ns and _KINDS[each.kind] != "client":
            counts = expected.setdefault(each.name, [0, 0, 0])
            counts[0] += "n" in each.attributes
            counts[1] += 1
            counts[2] += each.end_ns - each.start_ns
    found = asked(store, tenant, text, start_ns=start_ns, end_ns=end_ns)
    assert {name: list(rest) for name, *rest in found.rows} == expected


@pytest.mark.parametrize(
    ("values", "type_", "shown"),
    [
        ([1, 2**62 + 1], "BIGINT", [1, 2**62 + 1]),
        ([1, 2.5], "DOUBLE", [1.0, 2.5]),
        ([True, False], "BOOLEAN", [True, False]),
        (["x", "결제"], "VARCHAR", ["x", "결제"]),
        (["x", 5], "VARCHAR", ["x", "5"]),
        ([True, 2.5], "VARCHAR", ["true", "2.5"]),
        ([["a", "b"], 1], "VARCHAR", ['["a","b"]', "1"]),
    ],
)
def test_the_type_of_an_attribute_is_that_of_its_values(store, values, type_, shown):
    spans = [span(number=at, start_ns=START_NS + at, attributes={"v": each}) for at, each in enumerate(values, 1)]
    tenant = store.keep([sent_traces(*spans, span(number=9, start_ns=START_NS + 9))], ([True], False))
    found = asked(store, tenant, 'SELECT "span.v" FROM spans ORDER BY start_time')
    assert (found.types, [each[0] for each in found.rows]) == ([type_], [*shown, None])


def test_what_nobody_has_is_null(store):
    tenant = store.keep([sent_traces(span(), span(number=2))], ([False], False))
    text = 'SELECT count(*), count("span.none") FROM spans WHERE "span.none" IS NULL OR "span.none" > 5'
    assert asked(store, tenant, text).rows == [[2, 0]]
    assert asked(store, tenant, 'SELECT "span.none" FROM spans').rows == [[None], [None]]


def test_a_tenant_without_spans_has_none(store):
    assert asked(store, "nobody", "SELECT count(*), max(duration_ns), max(name) FROM spans").rows == [[0, None, None]]
    assert asked(store, "nobody", "SELECT * FROM logs").rows == []


def test_logs_are_joined_with_spans(store):
    tenant = store.keep(
        [
            sent_traces(span("pay", start_ns=START_NS + 1)),
            logs(
                log_record(
                    "late", trace=1, number=17, severity="ERROR", time_ns=START_NS + 5, attributes={"code": 504}
                ),
                log_record("alone", time_ns=START_NS + 6),
            ),
        ],
        ([True, False], False),
    )
    text = """
        SELECT s.name, l.body, l."log.code", l."resource.service.name", l.severity_number, l.time, l.trace_id
        FROM logs l LEFT JOIN spans s USING (trace_id, span_id) ORDER BY l.time;
    """
    time = "2023-11-14T22:13:20.00000000{}Z"
    assert asked(store, tenant, text).rows == [
        ["pay", "late", "504", "shop", 17, time.format(5), trace_id(1).hex()],
        [None, "alone", None, "shop", 0, time.format(6), None],
    ]
    assert asked(store, tenant, "SELECT body FROM logs", end_ns=START_NS + 5).rows == [["late"]]
    assert asked(store, tenant, "SELECT span_id FROM spans").rows == [[span_id(1).hex()]]


def test_values_have_forms_that_everybody_can_read(store):
    text = """
        SELECT 1.5::DECIMAL(4, 2), 2::HUGEINT ** 2, (2::HUGEINT << 70), DATE '2026-01-02', INTERVAL 90 SECOND,
            TIMESTAMP '2026-01-02 03:04:05', TIMESTAMPTZ '2026-01-02 03:04:05+09', '\\xAB'::BLOB, [1, NULL],
            {'a': [true]}, MAP {'k': 1.5}
    """
    assert asked(store, "nobody", text).rows == [
        [
            1.5,
            4.0,
            str(2**71),
            "2026-01-02",
            90.0,
            "2026-01-02T03:04:05Z",
            "2026-01-01T18:04:05Z",
            "ab",
            [1, None],
            {"a": [True]},
            {"k": 1.5},
        ]
    ]


@pytest.mark.parametrize(
    ("text", "limits", "said"),
    [
        ("SELECT * FROM range(11)", Limits(rows=10), "10 rows in an answer; add LIMIT"),
        ("SELECT repeat('x', 2000000)", Limits(answer_bytes=2**20), "1 MiB in an answer; add LIMIT"),
        ("SELECT name FROM spans", Limits(spans=2), "2 spans to read; ask about a shorter time"),
        ("SELECT body FROM logs", Limits(records=1), "1 log records to read"),
        ("SELECT count(*) FROM range(100000000000) a, range(100000) b", Limits(time_s=2.0), "limit of 2 s"),
        ("SELECT list(i || 'text') FROM range(30000000) t(i)", Limits(memory_mb=30), "limit of 30 MiB of memory"),
    ],
)
def test_a_limit_ends_it_and_says_so(store, text, limits, said):
    tenant = store.keep(
        [sent_traces(*(span(number=each) for each in range(5))), logs(log_record("a"), log_record("b"))],
        ([False, False], False),
    )
    with pytest.raises(TooLarge, match=said):
        asked(store, tenant, text, limits)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("COPY spans TO 'x.csv'", "COPY is refused; allowed is one SELECT"),
        ("SELECT nam FROM spans", 'attributes in double quotes: "span.http.route"'),
        ("SELECT 1 +", "syntax error"),
        ("SELECT '작업',\n  nam FROM spans", r"LINE 2:   nam FROM spans\n {10}\^"),
        ("SELECT foo(name) FROM spans", r"LINE 1: SELECT foo\(name\) FROM spans\n {15}\^"),
        ("SELECT 1, getenv('x')", r"LINE 1: SELECT 1, getenv\('x'\)\n {18}\^"),
        ("SELECT 1 FROM pg_class", r"LINE 1: SELECT 1 FROM pg_class\n {22}\^"),
        ("SELECT CAST(name AS INTEGER) FROM spans", r"Could not convert(?s:.*)\n\nLINE 1: SELECT CAST.*\n {15}\^+$"),
        ("SELECT '작업',\n\n  CAST(name || 'x' AS INTEGER) -- no\nFROM spans;", r"LINE 3:   CAST\(name.*\n {10}\^+$"),
        ("SELECT CAST(chr(10) || 'LINE 7: ' || name AS INT) FROM spans", r"\nLINE 7: (?s:.*)\nLINE 1: SELECT"),
        ("SELECT servce FROM spans", "Did you mean \"service\", or the text 'servce'[?]"),
        ("SELECT duration FROM spans", 'Did you mean "duration_ns", or'),
        ('SELECT "http.route" FROM logs', 'Did you mean "log.http.route" or "resource.http.route" or'),
        ('SELECT 1 FROM spans WHERE name = "GET /"', "Did you mean the text 'GET /'[?]"),
        ("SELECT http.route FROM spans", 'in double quotes: "span.http.route" or "resource.http.route" or "scope'),
        ("SELECT k8s.pod.name FROM spans s", 'in double quotes: "span.k8s.pod.name" or'),
        ("SELECT 1 FROM logs GROUP BY resource.k8s.pod", 'in double quotes: "resource.k8s.pod"\n'),
        ('SELECT span."http.route" FROM spans', 'in double quotes: "span.http.route"\n'),
        ("SELECT 1 FROM spans WHERE start_time > '2026'", "a time is written '2026-08-01T12:00:00Z', or now"),
        ("SELECT 1 FROM spans WHERE duration_ns > '5ms'", "'5ms' to INT64; a time is .*, a number without quotes\n"),
        ("SELECT CAST(name AS BIGINT) FROM spans", "to INT64 when casting from source column name\n"),
        ("SELECT 1 FROM spans WHERE start_time > 1764190000000000000", r"or make_timestamp_ns\(…\) of nanoseconds"),
        ("WITH t AS (SELECT 1 AS calls, name FROM spans) SELECT cals FROM t", 'Candidate bindings: "calls"'),
    ],
)
@pytest.mark.parametrize("form", ["rows", "arrow"])
def test_a_fault_is_told(store, text, said, form):
    tenant = store.keep([sent_traces(span())], ([False], False))
    with pytest.raises(BadQuery, match=said):
        asked(store, tenant, text, form=form)


def test_a_fault_is_told_with_the_columns_of_the_views_that_were_asked_for(store):
    tenant = store.keep([sent_traces(span())], ([False], False))
    with pytest.raises(BadQuery) as fault:
        asked(store, tenant, "SELECT nam FROM spans")
    assert "spans has trace_id" in str(fault.value)
    assert "logs has" not in str(fault.value)


def test_it_ends_when_nobody_waits_for_it(store):
    gate = Gate(1, 0)
    sql = Sql(store.snapshot, Metrics(store.directory, gate), gate)
    with pytest.raises(Abandoned):
        sql.query("nobody", "SELECT count(*) FROM range(100000000000) a, range(100000) b", abandoned=lambda: True)


def test_how_much_was_looked_at_is_told(store):
    tenant = store.keep([sent_traces(*(span(number=each) for each in range(1, 6)))], ([True], False))
    found = asked(store, tenant, "SELECT name FROM spans WHERE service = 'shop'")
    assert (found.looked, found.bytes > 0, found.warnings) == (5, True, [])


def test_its_process_can_write_no_file(tmp_path: Path):
    """What the operating system forbids holds whatever DuckDB does."""
    code = (
        "import otelier.query.sql.child as c; c.forbid_files(); "
        f"import pathlib; pathlib.Path({str(tmp_path / 'new')!r}).write_text('x')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert b"File too large" in ended.stderr
    assert (tmp_path / "new").read_text() == ""


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux has it")
def test_its_process_is_the_first_to_go_where_memory_runs_out():
    code = "import otelier.query.sql.child as c; c.go_first(); print(open('/proc/self/oom_score_adj').read())"
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"1000"


def test_a_directory_that_is_not_there_yet_is_empty(tmp_path: Path):
    snapshot = Snapshot(tmp_path / "none")
    gate = Gate(1, 0)
    sql = Sql(snapshot, Metrics(tmp_path / "none", gate), gate)
    for view in VIEWS:
        assert sql.query("default", f"SELECT count(*) FROM {view}").rows == [[0]]
        assert sql.query("default", f"SELECT * FROM {view}").rows == []
