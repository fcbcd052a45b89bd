"""The small API: a byte per item, whatever the conditions are about, and native code in place of the interpreter."""

import pytest

from otelier.ottl import Conditions, Program, StatementError, condition_group, statement_group
from otelier.telemetry import Batch
from otelier.testing import FakeClock, counter, gauge, log_record, logs, metrics, span, traces


def matches(batch, context, *conditions):
    group = condition_group(conditions, signal=batch.signal, context=context)
    return list(Conditions([group], FakeClock()).matches(batch, _fail))


def _fail(text, error, mode):
    raise AssertionError(error)


def _spans():
    first, second = span("a"), span("b", number=2)
    second.events.add(name="e")
    other = traces(span("c", number=3), resource={"service.name": "other"}, scope="x")
    return Batch.join([traces(first, second), other])


@pytest.mark.parametrize(
    ("context", "condition", "found"),
    [
        ("span", 'name == "a" or name == "c"', [1, 0, 1]),
        ("spanevent", 'name == "e"', [0, 1, 0]),
        ("scope", 'name == "test"', [1, 1, 0]),
        ("resource", 'attributes["service.name"] == "other"', [0, 0, 1]),
        ("span", "false", [0, 0, 0]),
    ],
)
def test_spans_match_for_what_they_belong_to_or_have(context, condition, found):
    assert matches(_spans(), context, condition) == found


def test_data_points_match_for_their_metric():
    batch = metrics(counter("c", 1.0, 2.0), gauge("g", 3.0))
    assert matches(batch, "metric", 'name == "c"') == [1, 1, 0]
    assert matches(batch, "datapoint", "value_double >= 2.0") == [0, 1, 1]
    assert matches(batch, "resource", "true") == [1, 1, 1]


def test_groups_of_several_contexts_are_alternatives():
    batch = logs(log_record("a"), log_record("b"))
    groups = [
        condition_group(['log.body == "b"'], signal="logs"),
        condition_group(['attributes["service.name"] == "x"'], signal="logs", context="resource"),
    ]
    assert list(Conditions(groups, FakeClock()).matches(batch, _fail)) == [0, 1]


def test_a_condition_that_fails_doesnt_hold_and_is_reported():
    told = []
    group = condition_group(["name + 1 == 2", 'name == "a"'], signal="traces", context="span", error_mode="ignore")
    found = Conditions([group], FakeClock()).matches(_spans(), lambda *what: told.append(what))
    assert list(found) == [1, 0, 0]
    assert [(text, mode) for text, _, mode in told] == [("name + 1 == 2", "ignore")] * 3


def test_propagate_raises():
    with pytest.raises(StatementError, match=r"`name \+ 1 == 2`: can't calculate a string \+ an int"):
        matches(_spans(), "span", "name + 1 == 2")


class _Native:
    def __init__(self, found):
        self.found = found

    def matches(self, batch, report):
        return self.found


def test_native_code_may_take_groups_over():
    groups = [condition_group([f'name == "{name}"'], signal="traces", context="span") for name in "ab"]
    found = Conditions(groups, FakeClock(), lambda group: "no" if group is groups[0] else _Native(b"\0\0\1"))
    assert list(found.matches(_spans(), _fail)) == [1, 0, 1]
    assert [(each.native, each.reason) for each in found.explanations] == [(False, "no"), (True, "")]


class _Rename:
    def run(self, batch, report):
        return traces(span("native"))


def test_native_stages_run_in_their_groups_order():
    groups = [
        statement_group([text], signal="traces", context="span")
        for text in ('set(name, "a")', 'set(name, "b")', 'set(name, Concat([name, "c"], ""))')
    ]
    program = Program(groups, FakeClock(), lambda group: _Rename() if group is groups[1] else "no")
    assert matches(program.run(_spans(), _fail), "span", 'name == "nativec"') == [1]
    assert [each.native for each in program.explanations] == [False, True, False]


def test_groups_that_share_a_cache_are_not_torn_apart():
    groups = [
        statement_group([text], signal="traces", context="span", shared_cache=True)
        for text in ('set(cache["a"], name)', 'set(name, cache["a"])')
    ]
    program = Program(groups, FakeClock(), lambda group: _Rename())
    assert [each.reason for each in program.explanations] == ["groups here share a cache"] * 2
