"""What runs natively does exactly what the interpreter does: edits, answers, and failures told."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.ottl import (
    Conditions,
    Group,
    GroupError,
    OttlError,
    Program,
    StatementError,
    condition_group,
    masks,
    quoted,
    stages,
    statement_group,
)
from otelier.telemetry import Batch, Signal
from otelier.testing import FakeClock
from otelier.testing import telemetry as made

EXAMPLES = 120
KEYS = ["a", "b", "http.route"]
CONTEXTS: list[tuple[Signal, str]] = [
    ("traces", "resource"),
    ("traces", "scope"),
    ("traces", "span"),
    ("metrics", "metric"),
    ("metrics", "datapoint"),
    ("logs", "log"),
]
FIELDS = {
    "span": [
        "name",
        "kind",
        "status.code",
        "status.message",
        "start_time_unix_nano",
        "end_time",
        "trace_id.string",
        "parent_span_id",
        "trace_state",
        "flags",
    ],
    "scope": ["name", "version"],
    "metric": ["name", "unit", "description"],
    "datapoint": ["time_unix_nano", "start_time", "metric.name"],
    "log": ["severity_text", "severity_number", "time", "observed_time_unix_nano", "body", 'body["a"]', "span_id"],
    "resource": ["dropped_attributes_count"],
}

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "/healthz", "abcabc", "12", "é" * 20])
    | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2),
    max_leaves=3,
)
attributes = st.dictionaries(st.sampled_from(KEYS), values)


@st.composite
def telemetry(draw: Any, signal: Signal) -> Batch:
    resource = draw(attributes)
    if signal == "traces":
        spans = st.builds(
            made.span,
            st.sampled_from(["", "GET /", "x"]),
            kind=st.sampled_from(["SERVER", "CLIENT"]),
            status=st.sampled_from(["OK", "ERROR", "UNSET"]),
            parent=st.none() | st.just(3),
            duration_ns=st.integers(0, 10**10),
            attributes=attributes,
        )
        return made.traces(*draw(st.lists(spans, min_size=1, max_size=3)), resource=resource)
    if signal == "metrics":
        metrics = st.builds(made.gauge, st.sampled_from(["m", "x"]), st.just(1.5), attributes=attributes)
        return made.metrics(*draw(st.lists(metrics, min_size=1, max_size=2)), resource=resource)
    records = st.builds(made.log_record, values, severity=st.sampled_from(["INFO", "x"]), attributes=attributes)
    return made.logs(*draw(st.lists(records, min_size=1, max_size=3)), resource=resource)


literals = st.sampled_from(
    ["nil", "true", "1", "-7", "2.5", '""', '"x"', '"/healthz"', "0x00ff", "[1]", '{"a": 1}', "1000000000"]
)


def paths(context: str) -> st.SearchStrategy[str]:
    own = [f'attributes["{key}"]' for key in KEYS] if context != "metric" else []
    own += ['attributes["a"]["b"]', 'attributes["b"][0]'] if own else []
    outer = [f'resource.attributes["{key}"]' for key in KEYS] if context != "resource" else []
    return st.sampled_from([*own, *outer, *FIELDS[context]])


def expressions(context: str) -> st.SearchStrategy[str]:
    leaf = literals | paths(context)
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner)
            | st.builds('Concat([{}, {}], "-")'.format, inner, inner)
            | st.builds("{}({})".format, st.sampled_from(["Len", "String", "SHA256"]), inner)
        ),
        max_leaves=3,
    )


def conditions(context: str) -> st.SearchStrategy[str]:
    value = expressions(context)
    leaf = (
        st.builds("{} {} {}".format, value, st.sampled_from(["==", "!=", "<", ">", "<=", ">="]), value)
        | st.builds('IsMatch({}, "{}")'.format, value, st.sampled_from(["^x", "a.c", "[0-9]$"]))
        | st.builds("{}({})".format, st.sampled_from(["IsString", "IsInt", "IsBool", "IsDouble", "IsMap"]), value)
        | st.builds('{}({}, "x")'.format, st.sampled_from(["HasPrefix", "HasSuffix"]), value)
        | st.sampled_from(["true", "IsRootSpan()" if context == "span" else "false"])
    )
    return st.recursive(
        leaf,
        lambda inner: (
            st.builds("not ({})".format, inner)
            | st.builds("({}) and ({})".format, inner, inner)
            | st.builds("({}) or ({})".format, inner, inner)
        ),
        max_leaves=3,
    )


def statements(context: str) -> st.SearchStrategy[str]:
    value, key = expressions(context), st.sampled_from(KEYS)
    fields = [name for name in FIELDS[context] if "time" not in name and "id" not in name and "metric." not in name]
    edits = [st.builds("set({}, {})".format, st.sampled_from(fields), value)] if fields else []
    if texts := [name for name in fields if name in ("name", "status.message", "severity_text", "description")]:
        edits.append(st.builds('replace_pattern({}, "([a-zG])", "<$1>")'.format, st.sampled_from(texts)))
        edits.append(st.builds('replace_match({}, "*x*", "$1")'.format, st.sampled_from(texts)))
    if context != "metric":
        edits += [
            st.builds('set(attributes["{}"], {})'.format, key, value),
            st.builds('delete_key(attributes, "{}")'.format, key),
            st.builds('delete_keys(attributes, ["{}", "{}"])'.format, key, key),
            st.builds('delete_matching_keys(attributes, "{}")'.format, st.sampled_from(["^a", "route"])),
            st.builds('keep_keys(attributes, ["{}"])'.format, key),
            st.builds('keep_matching_keys(attributes, "{}")'.format, st.sampled_from(["^a", "route"])),
            st.builds('limit(attributes, {}, ["b"])'.format, st.integers(1, 3)),
            st.builds("truncate_all(attributes, {})".format, st.integers(0, 9)),
            st.builds('replace_pattern(attributes["{}"], "(b)c", "<$1>")'.format, key),
            st.just('replace_all_patterns(attributes, "value", "[ax]", "")'),
            st.builds('replace_match(attributes["{}"], "*health*", "$1")'.format, key),
            st.just('replace_all_matches(attributes, "{x,12}", "y")'),
        ]
    edit = st.one_of(edits)
    return edit | st.builds("{} where {}".format, edit, conditions(context))


@settings(max_examples=EXAMPLES)
@given(st.data(), st.sampled_from(CONTEXTS), st.sampled_from(["propagate", "ignore"]))
def test_statements_edit_alike(data: st.DataObject, where: tuple[Signal, str], mode: Any) -> None:
    signal, context = where
    texts = data.draw(st.lists(statements(context), min_size=1, max_size=3))
    guards = data.draw(st.lists(conditions(context), max_size=2))
    try:
        group = statement_group(texts, signal=signal, context=context, conditions=guards, error_mode=mode)
    except GroupError:
        return
    native = Program([group], FakeClock(), stages(signal))
    if native.explanations[0].native:
        batch = data.draw(telemetry(signal))
        assert ran(native, batch) == ran(Program([group], FakeClock()), batch)


@settings(max_examples=EXAMPLES)
@given(st.data(), st.sampled_from(CONTEXTS), st.sampled_from(["propagate", "ignore"]))
def test_conditions_answer_alike(data: st.DataObject, where: tuple[Signal, str], mode: Any) -> None:
    signal, context = where
    texts = data.draw(st.lists(conditions(context), min_size=1, max_size=3))
    try:
        group = condition_group(texts, signal=signal, context=context, error_mode=mode)
    except GroupError:
        return
    native = Conditions([group], FakeClock(), masks(signal))
    if native.explanations[0].native:
        batch = data.draw(telemetry(signal))
        assert asked(native, batch) == asked(Conditions([group], FakeClock()), batch)


def ran(program: Program, batch: Batch) -> Any:
    failed: Counter[str] = Counter()
    try:
        edited = program.run(batch, lambda text, _error, _mode: failed.update([text]))
    except StatementError:
        return "failed"
    return sorted_attributes(made.decode(edited)), failed


def asked(conditions: Conditions, batch: Batch) -> Any:
    failed: set[str] = set()
    try:
        return conditions.matches(batch, lambda text, _error, _mode: failed.add(text)), failed
    except StatementError:
        return "failed"


def sorted_attributes(request: Any) -> Any:
    """Maps have no order that counts, and an empty message may as well be absent."""
    for field, value in request.ListFields():
        if field.message_type is None:
            continue
        for each in value if field.is_repeated else [value]:
            sorted_attributes(each)
        if field.is_repeated and field.message_type.name == "KeyValue":
            value.sort(key=lambda entry: entry.key)
        if not field.is_repeated and not field.containing_oneof and not value.ListFields():
            request.ClearField(field.name)
    return request


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ('set(resource.attributes["a"], name)', "belongs to what holds the span"),
        ('set(attributes["a"], Split(name, "/"))', "Split is not native"),
        ('set(attributes["a"], start_time)', "a time can't be put anywhere"),
        ('set(attributes[name], "x")', "`name` is not constant"),
        ('merge_maps(attributes, resource.attributes, "upsert")', "merge_maps is not native"),
        ('truncate_all(attributes, 5, true, "…")', "truncation_marker"),
        ("set(attributes, resource.attributes)", "is a whole map"),
        ('set(cache["a"], 1)', "only known to the interpreter"),
    ],
)
def test_the_interpreter_says_why_it_is_needed(statement: str, why: str) -> None:
    program = Program([group_of(statement)], FakeClock(), stages("traces"))
    assert why in program.explanations[0].reason


def test_a_statement_is_told_which_one_of_its_group_needs_the_interpreter() -> None:
    texts = ['replace_pattern(name, "/users/[0-9]+", "/users/{id}")', "set(name, ToUpperCase(name))"]
    group = statement_group(texts, signal="traces", context="span")
    [explanation] = Program([group], FakeClock(), stages("traces")).explanations
    why = f"interpreted: its group has `{texts[1]}`, and ToUpperCase is not native"
    assert list(explanation.lines()) == [(texts[0], why), (texts[1], why)]


@pytest.mark.parametrize(("value", "text"), [([], "[]"), (["x"], '["x"]'), ({"k": 1}, '{"k":1}'), (2.5, "2.5")])
def test_lists_and_maps_are_joined_as_json(value: Any, text: str) -> None:
    """As Go's Collector 0.155 does."""
    program = Program([group_of('set(name, Concat(["a", attributes["v"], "z"], "-"))')], FakeClock(), stages("traces"))
    assert program.explanations[0].native
    edited = made.decode(program.run(made.traces(made.span(attributes={"v": value})), print))
    assert edited.resource_spans[0].scope_spans[0].spans[0].name == f"a-{text}-z"


def test_names_of_spans_are_rewritten_natively() -> None:
    text = 'replace_pattern(name, "/users/[0-9]+", "/users/{id}")'
    program = Program([group_of(text)], FakeClock(), stages("traces"))
    assert program.explanations[0].native
    edited = made.decode(program.run(made.traces(made.span("GET /users/12/x"), made.span("GET /")), print))
    names = [each.name for each in edited.resource_spans[0].scope_spans[0].spans]
    assert names == ["GET /users/{id}/x", "GET /"]


def group_of(statement: str, mode: Any = "propagate") -> Group:
    return statement_group([statement], signal="traces", context="span", error_mode=mode)


def test_what_the_benchmark_measures_is_native() -> None:
    texts = [
        "truncate_all(attributes, 4096)",
        'set(attributes["app.tier"], "web") where attributes["http.route"] != nil',
    ]
    program = Program(map(group_of, texts), FakeClock(), stages("traces"))
    assert all(explanation.native for explanation in program.explanations)


def test_a_failure_is_told_with_its_statement_and_reason() -> None:
    text = f"set(attributes[{quoted('a')}], attributes[{quoted('missing')}] + 1)"
    told: list[tuple[str, str]] = []

    def report(text: str, error: OttlError, mode: str) -> None:
        told.append((text, str(error)))

    batch = made.traces(made.span(), made.span())
    Program([group_of(text, "ignore")], FakeClock(), stages("traces")).run(batch, report)
    assert told == [(text, "can't calculate nil + an int; the path may be missing here")] * 2
    with pytest.raises(StatementError, match="can't calculate nil"):
        Program([group_of(text)], FakeClock(), stages("traces")).run(batch, report)
