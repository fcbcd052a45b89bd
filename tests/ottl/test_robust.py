"""Whatever a statement says and the telemetry holds, nothing but OTTL's own errors comes out of it."""

import inspect

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier.ottl import (
    CONTEXTS,
    Conditions,
    GroupError,
    OttlError,
    Program,
    StatementError,
    condition_group,
    statement_group,
)
from otelier.ottl.ast import quoted
from otelier.ottl.frame import Frame
from otelier.ottl.functions.registry import FUNCTIONS
from otelier.testing import FakeClock, log_record, logs

from .telemetry import PAYLOADS

_SIGNALS = {"span": "traces", "spanevent": "traces", "metric": "metrics", "datapoint": "metrics", "log": "logs"}
_PATHS = {name: [*list(CONTEXTS[name].own.members), "cache", 'cache["x"]', "resource.attributes"] for name in _SIGNALS}
_KEYED = ['attributes["l"]', 'attributes["m"]["a"]', 'attributes["s"]', 'attributes["i"]', 'attributes["none"]["x"][1]']
_CONSTANTS = [
    "nil",
    "true",
    "0",
    "-1",
    "9223372036854775807",
    "1.5",
    "1.0e300",
    '""',
    '"abc"',
    '"2024-01-02"',
    "0x00ff",
]
_CONSTANTS += ['"%Y-%m-%d"', '"(a)(?P<n>b)?"', '"<a b=\\"1\\">t</a>"', "[]", '[1, "a", nil]', "{}", '{"a": [1]}']
_CONSTANTS += ['Duration("1h")', "Now()", "SHA256"]
_OF_KIND = {
    "FunctionRef": ["SHA256", "Len", "String"],
    "list": ["[]", '["a", "b"]', "[1.5, 2.5]"],
    "str": [text for text in _CONSTANTS if text[0] == '"'] + ['"sum"', '"upsert"', '"key"', '"delta"', '"upper"'],
    "int": ["0", "-1", "3", "9223372036854775807"],
    "float": ["0.0", "-1.5", "1.0e300"],
    "bool": ["true", "false"],
    "Time'": ["Now()", 'Time("2024-02-30", "%Y-%m-%d")', "Unix(9223372036854775807)"],
    "TimeSpan": ['Duration("1h")', 'Duration("-1ns")'],
}


@st.composite
def _statements(draw):
    context = draw(st.sampled_from(sorted(_SIGNALS)))
    paths = _PATHS[context] + ([] if context == "metric" else _KEYED)
    function = FUNCTIONS[draw(st.sampled_from(sorted(FUNCTIONS)))]
    wanted = [p for p in function.parameters.values() if p.annotation is not Frame]
    required = sum(p.default is inspect.Parameter.empty for p in wanted)
    given = wanted[: draw(st.integers(required, len(wanted)))]
    call = f"{function.name}({', '.join(draw(_argument(str(p.annotation), paths)) for p in given)})"
    return context, call if function.kind == "editor" else f"set({draw(st.sampled_from(paths))}, {call})"


def _argument(annotation, paths):
    anything = st.sampled_from(paths + _CONSTANTS) | st.text(max_size=4).map(quoted)
    for kind, constants in _OF_KIND.items():
        if kind in annotation:
            return st.sampled_from(constants) | anything
    return st.sampled_from(paths) if "Target" in annotation else anything


@settings(max_examples=300)
@given(_statements())
def test_any_call_ends_in_a_value_or_in_an_error_that_says_why(case):
    context, statement = case
    signal = _SIGNALS[context]
    try:
        group = statement_group([statement], signal=signal, context=context, error_mode="ignore")
    except GroupError:
        return
    batch = PAYLOADS[signal]()
    edited = Program([group], FakeClock()).run(batch, lambda text, error, mode: None)
    assert edited.items == batch.items or signal == "metrics"


@settings(max_examples=200)
@given(st.data())
def test_any_comparison_is_true_or_false_or_an_error(data):
    context = data.draw(st.sampled_from(sorted(_SIGNALS)))
    values = st.sampled_from(_PATHS[context] + _CONSTANTS[:-1])
    operator = data.draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
    condition = f"{data.draw(values)} {operator} {data.draw(values)}"
    try:
        group = condition_group([condition], signal=_SIGNALS[context], context=context)
        found = Conditions([group], FakeClock()).matches(PAYLOADS[_SIGNALS[context]](), pytest.fail)
    except OttlError:
        return
    assert set(found) <= {0, 1}


@pytest.mark.parametrize("depth", [5, 24, 25, 40, 300])
def test_what_is_nested_too_deep_is_the_statements_error(depth):
    told = []
    json = '{"a":' * depth + "1" + "}" * depth
    group = statement_group(
        ['set(attributes["x"], ParseJSON(body))'], signal="logs", context="log", error_mode="ignore"
    )
    batch = Program([group], FakeClock()).run(logs(log_record(json)), lambda *what: told.append(str(what[1])))
    assert batch.items == 1
    assert bool(told) is (depth > 24)


def test_a_list_gets_no_million_places():
    group = statement_group(['set(attributes["x"][1000000], 1)'], signal="logs", context="log")
    with pytest.raises(StatementError, match="place 1000000 is outside of a list of 0"):
        Program([group], FakeClock()).run(logs(log_record("a")), pytest.fail)
