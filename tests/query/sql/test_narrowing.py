"""Reading only what WHERE leaves changes no answer, and reads less where it can."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otelier.testing import log_record, logs, span, trace_id
from otelier.testing import traces as sent_traces
from otelier.testing.telemetry import START_NS

from ..traceql.generate import batches
from ..traceql.stored import ARRANGEMENTS, Store
from .in_process import answered

SECOND = 10**9
AT = "make_timestamp_ns({})"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("data"))
    yield store
    store.close()


# -- conditions -------------------------------------------------------------------------------

MOMENTS = st.sampled_from(
    [
        *(AT.format(START_NS + each * SECOND) for each in (0, 3, 7, 12)),
        "'2023-11-14 22:13:24'", "TIMESTAMP '2023-11-14 22:13:26.5'", "'2023-11-15 07:13:25+09'",
        "DATE '2023-11-14'", "DATE '2023-11-15'", "now() - INTERVAL 1 HOUR", "now()",
    ]
)  # fmt: skip
ORDERS = st.sampled_from(["=", "<", "<=", ">", ">=", "<>"])


def joined(*parts: Any) -> st.SearchStrategy[str]:
    return st.tuples(*(st.just(each) if isinstance(each, str) else each for each in parts)).map(" ".join)


def texts(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"'{each}'" for each in values])


def of_spans(prefix: str, name: str) -> st.SearchStrategy[str]:
    ids = texts(trace_id(1).hex(), trace_id(2).hex(), trace_id(1).hex().upper(), "none", trace_id(9).hex())
    attribute = st.sampled_from(['"span.a"', '"span.b"', '"span.n"', '"resource.a"', '"scope.s"'])
    return st.one_of(
        joined(f"{prefix}start_time", ORDERS, MOMENTS),
        joined(f"{prefix}start_time BETWEEN", MOMENTS, "AND", MOMENTS),
        joined(MOMENTS, ORDERS, f"{prefix}start_time"),
        joined(f"epoch_ns({prefix}start_time)", ORDERS, str(START_NS + 4 * SECOND)),
        joined(f"{prefix}{name}", ORDERS, texts("get", "put", "get all", "x")),
        joined(f"{prefix}{name} LIKE", texts("get%", "%t", "g_t", "p_t", "%", "")),
        joined(f"{prefix}{name} IN (", texts("get", "none"), ",", texts("put", "x"), ")"),
        joined(f"contains({prefix}{name},", texts("et", ".", ""), ")"),
        joined(f"starts_with({prefix}{name},", texts("g", "get ", ""), ")"),
        joined(f"{prefix}service", ORDERS, texts("web", "cart", "5")),
        joined(f"{prefix}trace_id", ORDERS, ids),
        joined(f"{prefix}trace_id IN (", ids, ",", ids, ")"),
        joined(f"try_cast({prefix}", attribute, "AS VARCHAR)", ORDERS, texts("x", "5")),
        joined(f"{prefix}", attribute, "IS NOT NULL"),
        joined(f"{prefix}", attribute, "IS NULL"),
        # Compared as they are only with texts that no number is.
        joined(f"{prefix}", st.sampled_from(['"resource.service.name"', '"scope.s"']), "=", texts("web", "x", "cart")),
    )


def of_events() -> st.SearchStrategy[str]:
    """Columns of their own, too; `name` is not the span's."""
    return st.one_of(
        of_spans("", "span_name"),
        joined("name", ORDERS, texts("log", "exception", "get")),
        joined("name IN (", texts("log", "none"), ",", texts("get", "x"), ")"),
        joined("name LIKE", texts("%o%", "g%")),
        joined("time", ORDERS, MOMENTS),
        joined("try_cast(", '"event.e"', "AS VARCHAR)", ORDERS, texts("x", "5")),
    )


def of_links() -> st.SearchStrategy[str]:
    return st.one_of(
        of_spans("", "span_name"),
        joined("linked_trace_id", ORDERS, texts(trace_id(1).hex(), trace_id(2).hex(), "none")),
        joined("trace_state", ORDERS, texts("", "x")),
        joined('"link.l"', ORDERS, texts("x", "y")),
    )


def combined(one: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        one,
        lambda inner: st.one_of(
            joined("(", inner, st.sampled_from(["AND", "OR"]), inner, ")"), joined("NOT (", inner, ")")
        ),
        max_leaves=4,
    )


def same(store: Store, tenant: str, text: str) -> None:
    found, whole = (answered(store.snapshot, None, tenant, text, narrow=each) for each in (True, False))
    assert Counter(map(str, found.rows)) == Counter(map(str, whole.rows)), (text, found.where)


QUERIES = st.one_of(
    combined(of_spans("", "name")).map(lambda where: f"SELECT * FROM spans WHERE {where}"),
    combined(of_spans("s.", "name")).map(
        lambda where: f"SELECT span_id, (SELECT count(*) FROM spans) FROM spans s WHERE {where}"
    ),
    combined(of_events()).map(lambda where: f"SELECT * FROM events WHERE {where}"),
    combined(of_links()).map(lambda where: f"SELECT * FROM links WHERE {where}"),
    st.tuples(
        st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN"]),
        combined(of_spans("a.", "name")),
    ).map(lambda each: f"SELECT a.* FROM spans a {each[0]} spans b USING (trace_id) WHERE {each[1]}"),
    st.tuples(st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]), combined(of_spans("b.", "name"))).map(
        lambda each: f"SELECT a.span_id, b.* FROM spans a {each[0]} spans b USING (trace_id, kind) WHERE {each[1]}"
    ),
    combined(of_spans("b.", "name")).map(
        lambda where: (
            "SELECT a.span_id, b.span_id FROM spans a ASOF LEFT JOIN "
            f"spans b ON a.name = b.name AND a.start_time > b.start_time WHERE {where}"
        )
    ),
    combined(of_spans("", "name")).map(
        lambda where: f"WITH w AS (SELECT * FROM spans WHERE {where}) SELECT kind, count(*) FROM w GROUP BY 1"
    ),
    combined(of_spans("", "name")).map(
        lambda where: f"WITH spans AS (SELECT * FROM spans WHERE {where}) SELECT count(*) FROM spans WHERE name = 'get'"
    ),
    st.tuples(combined(of_spans("", "name")), combined(of_spans("", "name"))).map(
        lambda both: f"SELECT span_id FROM spans WHERE {both[0]} UNION ALL SELECT span_id FROM spans WHERE {both[1]}"
    ),
    combined(of_spans("", "name")).map(
        lambda where: f"SELECT name FROM spans s WHERE EXISTS (FROM spans WHERE parent_span_id = s.span_id AND {where})"
    ),
    combined(of_spans("", "name")).map(
        lambda where: f"SELECT status_message AS name, name AS service FROM spans WHERE {where}"
    ),
    combined(of_spans("", "name")).map(
        lambda where: (
            f"SELECT * FROM spans t(name, service, trace_id) WHERE name = 'x' OR {where}"
            if "start_time" not in where and "(name" not in where and '"' not in where
            else f"SELECT * FROM spans WHERE {where}"
        )
    ),
)


@settings(suppress_health_check=list(HealthCheck), max_examples=15, deadline=None)
@given(batches(), ARRANGEMENTS, st.lists(QUERIES, min_size=3, max_size=6))
def test_answers_are_those_of_reading_everything(store, sent, arrangement, queries):
    tenant = store.keep(sent, arrangement)
    for text in queries:
        same(store, tenant, text)


NUMBERS = st.sampled_from(["5", "0", "-3", "5.5", "1e9", "1152921504606846977", "true", "'5'", "'x'", "' 5'", "'0005'"])


@settings(suppress_health_check=list(HealthCheck), max_examples=12, deadline=None)
@given(
    st.sampled_from([[5, 0, -3, 7], [5.0, 0.5, 5, -2.5], [True, False], ["x", "y", ""], ["5", "0005", "7"], ["5", 5]]),
    st.lists(st.tuples(ORDERS, NUMBERS), min_size=4, max_size=8),
)
def test_attributes_compare_as_their_column_does(store, values, tests):
    """What DuckDB refuses for the values that are there it may answer where they need not be read."""
    spans = [span(number=at, attributes={"v": each}) for at, each in enumerate(values, 1)]
    tenant = store.keep([sent_traces(*spans, span(number=9))], ([True], False))
    for operator, number in tests:
        text = f'SELECT span_id FROM spans WHERE "span.v" {operator} {number}'
        try:
            whole = answered(store.snapshot, None, tenant, text, narrow=False)
        except Exception:
            continue
        found = answered(store.snapshot, None, tenant, text)
        assert sorted(found.rows) == sorted(whole.rows), (text, values, found.where)


VALUES = texts("x", "5", "", "true", "2.5", '["x"]', '{"k":"x"}', "x" * 300, "\ufffd")
LOG_CONDITIONS = st.one_of(
    joined("time", ORDERS, MOMENTS),
    joined("body", st.sampled_from(["LIKE '%fail%'", "LIKE 'f_il%'", "= 'failed'", "LIKE '%'", "LIKE '__'"])),
    joined("contains(body,", texts("ail", "작업", ""), ")"),
    joined("service", ORDERS, texts("shop", "cart", "unknown_service", "5")),
    joined("severity_number", ORDERS, st.sampled_from(["0", "9", "17", "16.5", "-1"])),
    joined("trace_id", ORDERS, texts(trace_id(1).hex(), trace_id(2).hex(), "x")),
    joined(st.sampled_from(['"log.a"', '"log.b"', '"resource.r.s"', '"scope.r.s"', '"log.none"']), ORDERS, VALUES),
    joined(VALUES, '= "log.a"'),
    joined('"log.a" IN (', VALUES, ",", VALUES, ")"),
    joined(st.sampled_from(['"log.a"', '"resource.r.s"', '"scope.r.s"']), st.sampled_from(["IS NULL", "IS NOT NULL"])),
    joined('"log.a" = "resource.r.s"'),
    joined('"log.a" LIKE', texts("x%", "%")),
    joined("body = 'x' OR", "trace_id IS NULL"),
)


@settings(suppress_health_check=list(HealthCheck), max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["failed", "file", "작업을 마쳤다", "", "x"]),
            st.sampled_from([0, 9, 17]),
            st.sampled_from([None, 1, 2]),
            st.integers(0, 12),
            st.sampled_from([{"service.name": "shop"}, {"service.name": "cart", "trace_id": trace_id(1).hex()}, {}]),
            st.sampled_from(
                [
                    {},
                    {"a": "x"},
                    {"a": 5},
                    {"a": "5", "b": "x"},
                    {"a": True},
                    {"a": 2.5, "b": ""},
                    {"a": ["x"]},
                    {"a": {"k": "x"}},
                    {"a": "x" * 300},
                    {"A": "x"},
                ]
            ),
            st.sampled_from([{}, {"r.s": "x"}, {"r.s": 5, "r_s": "x"}]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.lists(combined(LOG_CONDITIONS), min_size=3, max_size=6),
)
def test_log_records_are_those_of_reading_everything(store, records, flushes, conditions):
    sent = [
        logs(
            log_record(body, number=number, trace=trace, time_ns=START_NS + at * SECOND, attributes=attributes),
            resource={**resource, **around},
            scope_attributes=around,
        )
        for body, number, trace, at, resource, attributes, around in records
    ]
    tenant = store.keep(sent, (flushes, False))
    for where in conditions:
        same(store, tenant, f"SELECT * FROM logs WHERE {where}")


# -- how much is read -------------------------------------------------------------------------

HOUR = 3600 * SECOND


@pytest.fixture(scope="module")
def hours(store: Store) -> str:
    """Six hours of two services, a segment each, and a newer one in the log."""
    sent = []
    for hour in range(7):
        at = START_NS + hour * HOUR
        spans = [
            span(
                ("get", "put")[each % 2],
                number=each + 1,
                trace=10 * hour + each,
                start_ns=at + each,
                attributes={"n": each, "user": f"u{each}"},
            )
            for each in range(4)
        ]
        sent += [
            sent_traces(*spans, resource={"service.name": "web"}),
            logs(
                *(
                    log_record(
                        f"did {each}", trace=10 * hour + each, time_ns=at, attributes={"user": f"u{hour}.{each}"}
                    )
                    for each in range(4)
                ),
                resource={"zone": hour},
            ),
        ]
    flushes = [*itertools.repeat(True, 12), False, False]
    return store.keep(sent, (flushes, False))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SELECT name FROM spans", 28),
        (f"SELECT name FROM spans WHERE start_time >= {AT.format(START_NS + 5 * HOUR)}", 8),
        ("SELECT name FROM spans WHERE start_time >= '2023-11-15 03:00:00'", 8),
        (f"SELECT name FROM spans WHERE start_time < {AT.format(START_NS + HOUR - 2 * SECOND)}", 4),
        ("SELECT name FROM spans WHERE start_time > now()", 0),
        ("SELECT name FROM spans WHERE start_time BETWEEN '2023-11-14 23:00:00' AND '2023-11-15 00:00:00'", 4),
        ("SELECT name FROM spans WHERE epoch_ns(start_time) = 1700000000000000000", 4),
        (f"SELECT name FROM spans WHERE trace_id = '{trace_id(21).hex()}'", 1),
        (f"SELECT name FROM spans WHERE trace_id IN ('{trace_id(21).hex()}', '{trace_id(63).hex()}')", 2),
        ("SELECT name FROM spans WHERE name = 'put'", 14),
        ("SELECT name FROM spans WHERE name LIKE 'p%' AND service = 'web'", 14),
        ("SELECT name FROM spans WHERE service = 'none'", 0),
        ("SELECT name FROM spans WHERE \"span.user\" = 'u3'", 7),
        ('SELECT name FROM spans WHERE "span.n" >= 3', 7),
        ("SELECT name FROM spans WHERE kind = 'nonsense'", 0),
        ("SELECT name FROM spans WHERE kind = 'server' AND (status = 'error' OR duration_ns > 10000000)", 0),
        ("WITH w AS (SELECT * FROM spans WHERE name = 'put') SELECT w.name FROM w JOIN w v USING (span_id)", 14),
        ("SELECT name FROM spans WHERE NOT name = 'put'", 28),
        ("SELECT name FROM spans WHERE name = 'put' OR random() > 2", 28),
    ],
)
def test_no_more_spans_are_read_than_the_conditions_leave(store, hours, text, read):
    found, whole = (answered(store.snapshot, None, hours, text, narrow=each) for each in (True, False))
    assert (found.read("spans"), whole.read("spans")) == (read, 28)
    assert sorted(found.rows) == sorted(whole.rows)


def test_events_of_a_trace_are_looked_for_in_its_time_only(store, hours):
    found = answered(store.snapshot, None, hours, f"SELECT name FROM events WHERE trace_id = '{trace_id(21).hex()}'")
    assert (found.rows, found.tables["events"].looked <= 4) == ([], True)
    text = f"SELECT name FROM events WHERE trace_id = '{trace_id(9999).hex()}'"
    assert answered(store.snapshot, None, hours, text).rows == []


@pytest.mark.parametrize(
    ("where", "read"),
    [
        ("true", 28),
        (f"time >= {AT.format(START_NS + 5 * HOUR)}", 8),
        (f"trace_id = '{trace_id(21).hex()}'", 1),
        ("body LIKE 'did 3'", 7),
        ("contains(body, '3')", 7),
        ("service = 'none'", 0),
        ("severity_number >= 9", 0),
        ("\"log.user\" = 'u3.2'", 1),
        ("\"log.user\" IN ('u3.2', 'u6.1')", 2),
        ('"log.user" IS NOT NULL AND "log.users" = \'u3.2\'', 0),
        ("\"resource.zone\" = '5'", 4),
        ("\"scope.zone\" = '5'", 0),
        ("\"log.user\" <> 'u3.2'", 28),
    ],
)
def test_no_more_records_are_read_than_the_conditions_leave(store, hours, where, read):
    assert answered(store.snapshot, None, hours, f"SELECT body FROM logs WHERE {where}").read("logs") == read
