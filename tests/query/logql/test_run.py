"""Queries answer what a plain reading of them over all lines answers, whatever of them the core does."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.query.errors import BadQuery, TooLarge
from otelier.query.log_labels import Scope, stream_labels
from otelier.query.logql import ast
from otelier.query.logql.errors import PipelineError
from otelier.query.logql.line import Line
from otelier.query.logql.lines import taken
from otelier.query.logql.parse import parse
from otelier.query.logql.run import Evaluated, Lines, run_instant, run_range
from otelier.query.logql.series import Steps
from otelier.query.logql.stages import compiled, text_test
from otelier.testing import log_record
from otelier.testing.telemetry import START_NS

from ..plain_logs import Logged, PlainLogs, Store, StoredLogs, logged, records, text_of

SECOND_NS = 10**9
Labels = tuple[tuple[str, str], ...]
Values = dict[Labels, float]


def passed(query: ast.LogQuery, logs: Iterable[Logged]) -> list[Line]:
    """All lines that the selector means and all stages keep, each stage run on each line."""
    steps = [compiled(stage) for stage in query.stages]
    lines: list[Line] = []
    for each in logs:
        stream = stream_labels([(key, text_of(value)) for key, value in each.resource.items()])
        line = Line(each.record, stream, Scope("test", "", ()))
        if all(text_test(m.op, m.value)(line.get(m.label)) for m in query.matchers) and all(
            step(line) for step in steps
        ):
            lines.append(line)
    return lines


def at(query: ast.Metric, logs: Sequence[Logged], time_ns: int, by: Sequence[str] = ()) -> Values:  # noqa: C901
    """The values of a metric query at one time. `by`: labels that are asked for further out."""
    match query:
        case ast.RangeAggregation(op, lines, range_ns, offset_ns):
            end_ns = time_ns - offset_ns
            counted: Values = {}
            for line in passed(lines, logs):
                if end_ns - range_ns < line.record.time_ns <= end_ns:
                    if line.get("__error__"):
                        raise PipelineError(line.get("__error__"), "")
                    labels = line.of_stream() | line.parsed
                    labels |= {name: line.get(name) for name in ("detected_level", *by)}
                    name = tuple(sorted((label, text) for label, text in labels.items() if text))
                    counted[name] = counted.get(name, 0.0) + (len(line.text.encode()) if "bytes" in op else 1)
            return {name: value / (range_ns / 1e9 if "rate" in op else 1) for name, value in counted.items()}
        case ast.VectorAggregation(op, of, grouping, count):
            inner = at(of, logs, time_ns, by if grouping.without else grouping.labels)
            groups: dict[Labels, list[tuple[float, Labels]]] = {}
            for labels, value in inner.items():
                kept = tuple(each for each in labels if (each[0] in grouping.labels) != grouping.without)
                groups.setdefault(kept, []).append((value, labels))
            if op in ("topk", "bottomk"):
                sign = -1 if op == "topk" else 1
                chosen = (
                    sorted(group, key=lambda each: (sign * each[0], each[1]))[:count] for group in groups.values()
                )
                return {labels: value for group in chosen for value, labels in group}
            reduce: dict[str, Callable[[list[float]], float]] = {
                "sum": sum, "min": min, "max": max, "count": len, "avg": lambda all_: sum(all_) / len(all_)
            }  # fmt: skip
            return {name: float(reduce[op]([value for value, _ in group])) for name, group in groups.items()}
        case ast.Binary(op, left, ast.Number(right)):
            values = at(left, logs, time_ns, by)
            if op == ">":
                return {name: value for name, value in values.items() if value > right}
            return {name: value * right for name, value in values.items()}
        case ast.Binary("/", left, right):
            others = at(right, logs, time_ns, by)
            both = (
                (name, value, others[name]) for name, value in at(left, logs, time_ns, by).items() if name in others
            )
            return {name: value / other if other else math.inf for name, value, other in both if value or other}
        case _:
            raise AssertionError(query)


SELECTORS = (
    "{}",
    '{service_name="shop"}',
    '{service_name=~"shop|결제", k8s_pod_name!=""}',
    '{level="error"}',
    '{code!="R"}',
)
STAGES = (
    "",
    '|= "작업"',
    '!= "timeout"',
    '|~ "(?i)timeout"',
    '| words "작업"',
    '| http_method="GET"',
    '| code!=""',
    "| json",
    '| json | __error__=""',
    '| logfmt | level="error"',
    '| json | status >= 500 or msg=~".*작업.*" | __error__=""',
    "| drop __error__",
    '| detected_level=~"error|info" |= "4"',
    '| line_format "{{.http_method}} {{__line__}}" |= "G"',
    '| label_format code="{{.service_name}}"',
    "| drop http_method, code",
    "| keep service_name",
    '| code="R" or code >= 3',
)
GROUPINGS = ("", "by (service_name)", "by (detected_level, code)", "by (http_method, level)", "without (k8s_pod_name)")
queries = st.builds(
    lambda *parts: " ".join(parts), st.sampled_from(SELECTORS), st.sampled_from(STAGES), st.sampled_from(STAGES)
)
ranges = st.builds(
    lambda op, query, tenths, offset: f"{op}({query} [{tenths}00ms]{offset})",
    st.sampled_from(["count_over_time", "rate", "bytes_over_time", "bytes_rate"]),
    queries,
    st.integers(1, 40),
    st.sampled_from(["", "", " offset 1s"]),
)
_ops = st.sampled_from(["sum", "avg", "min", "max", "count"])
_groupings = st.sampled_from(GROUPINGS)
metrics = st.one_of(
    ranges,
    st.builds(lambda op, grouping, inner: f"{op} {grouping} ({inner})", _ops, _groupings, ranges),
    st.builds(lambda grouping, inner: f"topk {grouping} (2, {inner})", _groupings, ranges),
    st.builds(lambda grouping, inner: f"sum by (level) (count {grouping} ({inner}))", _groupings, ranges),
    st.builds(lambda op, grouping, inner: f"{op}(sum {grouping} ({inner}))", _ops, _groupings, ranges),
    ranges.map(lambda inner: f"sum({inner}) * 2"),
    ranges.map(lambda inner: f"sum by (service_name) ({inner}) > 1"),
    st.tuples(ranges, ranges).map(lambda both: f"sum by (code) ({both[0]}) / sum by (code) ({both[1]})"),
)


def stored(parts: Sequence[Sequence[Logged]], flushed: int, page_bytes: int = 2**26) -> StoredLogs:
    store = Store()
    for number, part in enumerate(parts):
        store.put(part)
        if number < flushed:
            store.flush()
    return StoredLogs(store.view, page_bytes)


def shown(line: Line) -> tuple[Any, ...]:
    return (
        line.record.time_ns,
        line.text,
        tuple(sorted((k, v) for k, v in line.labels().items() if v and "details" not in k)),
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(records, min_size=1, max_size=2),
    queries,
    st.integers(0, 2),
    st.booleans(),
    st.integers(1, 50),
    st.sampled_from([1, 1000, 5000, 2**26]),
)
def test_queries_for_lines(
    parts: list[list[Logged]], text: str, flushed: int, oldest_first: bool, limit: int, page_bytes: int
) -> None:
    logs = [each for part in parts for each in part]
    query = parse(text)
    assert isinstance(query, ast.LogQuery)
    steps = Steps(START_NS + SECOND_NS, START_NS + 4 * SECOND_NS, SECOND_NS)
    inside = [each for each in logs if steps.start_ns <= each.record.time_ns < steps.end_ns]
    expected = sorted(map(shown, passed(query, inside)), key=lambda each: each[0], reverse=not oldest_first)
    for source in (stored(parts, flushed, page_bytes), PlainLogs(logs)):
        found = run_range(source, text, steps, limit=1000, oldest_first=oldest_first)
        assert isinstance(found, Lines)
        assert sorted(map(shown, found.lines)) == sorted(expected)
        some = run_range(source, text, steps, limit=limit, oldest_first=oldest_first)
        assert isinstance(some, Lines)
        assert [line.record.time_ns for line in some.lines] == [each[0] for each in expected[:limit]]


@settings(max_examples=150, deadline=None)
@given(st.lists(records, min_size=1, max_size=2), metrics, st.integers(0, 2), st.integers(1, 25))
def test_metric_queries(parts: list[list[Logged]], text: str, flushed: int, tenths: int) -> None:
    logs = [each for part in parts for each in part]
    query = parse(text)
    assert not isinstance(query, ast.LogQuery)
    steps = Steps(START_NS + SECOND_NS, START_NS + 6 * SECOND_NS, tenths * 10**8)
    source = stored(parts, flushed)
    try:
        found = run_range(source, text, steps)
    except PipelineError:
        assert "json" in text or "logfmt" in text or ">=" in text
        return
    assert isinstance(found, Evaluated)
    assert isinstance(found.value, dict)
    try:
        expected = [at(query, logs, int(time_ns)) for time_ns in steps.times()]
    except PipelineError:
        assert "json" in text or "logfmt" in text, "what only counts leaves parsers out that nobody needs"
        return
    for number, values in enumerate(expected):
        mine = {name: float(all_[number]) for name, all_ in found.value.items() if not math.isnan(all_[number])}
        assert mine == pytest.approx(values), (text, number)
    instant = run_instant(source, text, steps.start_ns)
    assert isinstance(instant.value, dict)
    assert {name: float(all_[0]) for name, all_ in instant.value.items() if not math.isnan(all_[0])} == pytest.approx(
        at(query, logs, steps.start_ns)
    )


LINES = [
    logged(log_record(f'{{"v": {value}, "took": "{value}00ms", "size": "{value}KB", "k": "{key}"}}', time_ns=at), {})
    for value, key, at in [
        (4, "a", START_NS + 1),
        (1, "a", START_NS + 2),
        (3, "b", START_NS + 3),
        (2, "a", START_NS + 4),
        (7, "a", START_NS + 2 * SECOND_NS),
    ]
]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("avg_over_time({} | json | unwrap v [1s]) by (k)", {"a": 7 / 3, "b": 3}),
        ("min_over_time({} | json | unwrap v [1s]) by (k)", {"a": 1, "b": 3}),
        ("max_over_time({} | json | unwrap v [1s]) by (k)", {"a": 4, "b": 3}),
        ("first_over_time({} | json | unwrap v [1s]) by (k)", {"a": 4, "b": 3}),
        ("last_over_time({} | json | unwrap v [1s]) by (k)", {"a": 2, "b": 3}),
        ("stdvar_over_time({} | json | unwrap v [1s]) by (k)", {"a": 14 / 9, "b": 0}),
        ("stddev_over_time({} | json | unwrap v [1s]) by (k)", {"a": math.sqrt(14 / 9), "b": 0}),
        ("quantile_over_time(0.75, {} | json | unwrap v [1s]) by (k)", {"a": 3, "b": 3}),
        ("sum by (k) (sum_over_time({} | json | unwrap duration(took) [1s]))", {"a": 0.7, "b": 0.3}),
        ("sum by (k) (sum_over_time({} | json | unwrap bytes(size) [1s]))", {"a": 7000, "b": 3000}),
        ("sum by (k) (rate({} | json | unwrap v [2s]))", {"a": 3.5, "b": 1.5}),
        ("sum by (k) (sum_over_time({} | json | unwrap v | v < 4 [1s]))", {"a": 3, "b": 3}),
        ("max by (k) (max_over_time({} | json | unwrap v | k = `b` [1s]))", {"b": 3}),
        ("sum by (k) (count_over_time({} | json [1s]))", {"a": 3, "b": 1}),
        ("stddev(avg_over_time({} | json | unwrap v [1s]) by (k))", {"": 1 / 3}),
        ("topk(1, avg_over_time({} | json | unwrap v [1s]) by (k))", {"b": 3}),
        ("approx_topk(1, avg_over_time({} | json | unwrap v [1s]) by (k))", {"b": 3}),
    ],
)
def test_numbers_of_lines(text: str, values: dict[str, float]) -> None:
    found = run_instant(PlainLogs(LINES), text, START_NS + SECOND_NS).value
    assert isinstance(found, dict)
    assert {dict(name).get("k", ""): float(all_[0]) for name, all_ in found.items()} == pytest.approx(values)


def test_a_counter_may_begin_again() -> None:
    text = "rate_counter({} | json | k=`a` | keep k, v | unwrap v [10s])"
    found = run_instant(PlainLogs(LINES), text, START_NS + 5 * SECOND_NS).value
    assert isinstance(found, dict)
    # 4 → 1 began again, 1 → 2 → 7 grew.
    assert [float(all_[0]) for all_ in found.values()] == pytest.approx([(1 + 1 + 5) / 10])


def test_a_number_that_can_not_be_read_is_an_error_unless_it_is_filtered_out() -> None:
    source = PlainLogs([*LINES, logged(log_record('{"v": "many", "k": "a"}', time_ns=START_NS + 5), {})])
    with pytest.raises(PipelineError, match="SampleExtractionErr"):
        run_instant(source, "sum(sum_over_time({} | json | unwrap v [1s]))", START_NS + SECOND_NS)
    text = 'sum(sum_over_time({} | json | unwrap v | __error__="" [1s]))'
    found = run_instant(source, text, START_NS + SECOND_NS).value
    assert found == {(): pytest.approx([10.0])}


def test_labels_are_replaced_and_many_series_meet_one() -> None:
    source, at_ns = PlainLogs(LINES), START_NS + SECOND_NS
    replaced = run_instant(
        source, 'label_replace(sum by (k) (count_over_time({} | json [1s])), "made", "<$1>", "k", "(a)")', at_ns
    ).value
    assert isinstance(replaced, dict)
    assert set(replaced) == {(("k", "a"), ("made", "<a>")), (("k", "b"),)}
    by_both = "sum by (k, service_name) (count_over_time({} | json [1s]))"
    by_service = "sum by (service_name) (count_over_time({} [1s]))"
    shares = run_instant(source, f"{by_both} / on (service_name) group_left {by_service}", at_ns).value
    assert isinstance(shares, dict)
    assert {dict(name)["k"]: float(all_[0]) for name, all_ in shares.items()} == {"a": 0.75, "b": 0.25}
    turned = run_instant(source, f"{by_service} / on (service_name) group_right {by_both}", at_ns).value
    assert isinstance(turned, dict)
    assert sorted(float(all_[0]) for all_ in turned.values()) == pytest.approx([4 / 3, 4.0])
    with pytest.raises(
        BadQuery, match=r'several series on the right side have the labels \{service_name="[a-z_]+"\}: '
    ):
        run_instant(source, f"{by_service} / on (service_name) {by_both}", at_ns)


def test_what_is_not_needed_to_count_is_left_out() -> None:
    source = PlainLogs([logged(log_record("no json"), {})])
    found = run_instant(source, "sum(count_over_time({} | json | line_format `{{ .a | duration }}` [1m]))", START_NS)
    assert found.value == {(): [1.0]}


def test_lines_with_equal_times_come_once_each_whatever_is_asked_for_at_once() -> None:
    logs = [logged(log_record(f'{{"n": {n % 5}}}', time_ns=START_NS + n // 2000), {}) for n in range(5000)]
    store = Store()
    store.put(logs[:10])
    store.flush()
    steps = Steps(START_NS, START_NS + SECOND_NS, SECOND_NS)
    for source in (PlainLogs(logs), PlainLogs(reversed(logs))):
        found = run_range(source, "{} | json | n != 3", steps, limit=5000)
        assert isinstance(found, Lines)
        assert len(found.lines) == 4000


def test_what_a_metric_query_can_not_read_is_an_error_that_says_what_helps() -> None:
    source = PlainLogs([logged(log_record("no json"), {})])
    with pytest.raises(PipelineError, match=r'adding `\| __error__=""`'):
        run_instant(source, "count_over_time({} | json [1m])", START_NS)
    found = run_instant(source, 'count_over_time({} | json | __error__="" [1m])', START_NS)
    assert found.value == {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("vector(1)+vector(1)", {(): [2.0]}),
        ("1 + 2 * 3", 7.0),
        ("2 > bool 1", 1.0),
        ("vector(0) or vector(1)", {(): [0.0]}),
    ],
)
def test_numbers(text: str, value: Any) -> None:
    found = run_instant(PlainLogs([]), text, START_NS).value
    assert (found if isinstance(found, float) else {name: list(all_) for name, all_ in found.items()}) == value


def test_absence_is_told_under_the_labels_of_the_selector() -> None:
    source = PlainLogs([logged(log_record("x"), {"service.name": "shop"})])
    found = run_range(
        source, 'absent_over_time({service_name="shop"}[1s])', Steps(START_NS, START_NS + SECOND_NS, SECOND_NS)
    )
    assert isinstance(found, Evaluated)
    assert isinstance(found.value, dict)
    [(name, values)] = found.value.items()
    assert name == (("service_name", "shop"),)
    assert [str(each) for each in values] == ["nan", "1.0"]


@pytest.mark.parametrize(
    ("text", "steps", "reason"),
    [
        ("{}", Steps(0, 1, 1), "limit must be"),
        ("rate({}[1m])", Steps(0, 12_000 * SECOND_NS, SECOND_NS), "11000 points"),
        ("rate({}[1m])", Steps(SECOND_NS, 0, SECOND_NS), "end timestamp"),
    ],
)
def test_limits(text: str, steps: Steps, reason: str) -> None:
    with pytest.raises(BadQuery, match=reason):
        run_range(PlainLogs([]), text, steps, limit=100_000)


def test_lines_have_no_instant() -> None:
    with pytest.raises(BadQuery, match="range query type"):
        run_instant(PlainLogs([]), "{}", START_NS)


def test_lines_that_are_too_large_together_are_refused() -> None:
    """A template may make a mebibyte of each."""
    resource = {"service.name": "shop"}
    source = PlainLogs([logged(log_record("x", time_ns=START_NS + n), resource) for n in range(300)])
    steps = Steps(START_NS, START_NS + SECOND_NS, SECOND_NS)
    large = '{} | line_format "{{ indent 1000000 __line__ }}"'
    with pytest.raises(TooLarge, match="256 MiB together"):
        run_range(source, large, steps, limit=300)
    found = run_range(source, large, steps, limit=10)
    assert isinstance(found, Lines)
    assert len(found.lines) == 10


@pytest.mark.parametrize(("max_bytes", "count", "all_of_them"), [(5, 3, True), (4, 3, False), (1, 1, False)])
def test_lines_are_taken_until_they_have_enough_bytes(max_bytes: int, count: int, all_of_them: bool) -> None:
    stored = [logged(log_record(text, time_ns=START_NS + n), {}) for n, text in enumerate(["é", "a", "é"])]
    lines = iter(run_lines(stored))
    assert (len(taken(lines, max_bytes)[0]), taken(run_lines(stored), max_bytes)[1]) == (count, all_of_them)
    assert len(list(lines)) == 3 - count, "no more of them are read"


def run_lines(stored: Sequence[Logged]) -> list[Line]:
    found = run_range(PlainLogs(stored), "{}", Steps(START_NS, START_NS + SECOND_NS, 1), oldest_first=True)
    assert isinstance(found, Lines)
    return found.lines
