"""Paths: every one that can be set reads back what was put there; the others say why not."""

import pytest

from otelier.ottl import CONTEXTS, GroupError, Program, condition_group, statement_group
from otelier.ottl.parse import parse_expression
from otelier.ottl.paths import resolve
from otelier.ottl.tree import Tree
from otelier.ottl.values import OttlError, Time
from otelier.testing import FakeClock

from .telemetry import PAYLOADS

_VALUES = ["text", "Client", "SPAN_KIND_CLIENT", "0102030405060708", "01" * 16, 1, 2.5, True, Time(5), b"\1" * 8]
_VALUES += [b"\1" * 16, {"a": {"b": [1, None]}}, [1, 2], [1.5, 2.5], []]
_PAIRS = sorted((context.name, path) for context in CONTEXTS.values() for path in context.own.members)
_READ_ONLY = {"type", "event_index"}


@pytest.mark.parametrize(("context", "path"), _PAIRS)
def test_what_was_set_is_read(context, path):
    """Also after the batch was encoded and decoded again."""
    known = CONTEXTS[context]
    [signal, *_] = [each for each in PAYLOADS if each in known.signals]
    access = resolve(parse_expression(path), known, (), prefixed=False)
    if path in _READ_ONLY:
        assert access.set is None
        return
    taken = 0
    for value in _VALUES:
        tree = Tree(PAYLOADS[signal](), FakeClock())
        frame = tree.frame
        put = []
        for _ in known.walk(frame, tree.resources):
            try:
                access.set(frame, value)
            except OttlError:
                put.append(None)
                continue
            read = access.get(frame)
            put.append(read)
            taken += 1
        again = Tree(tree.batch(), FakeClock())
        found = [access.get(again.frame) for _ in known.walk(again.frame, again.resources)]
        assert [f for f, p in zip(found, put, strict=True) if p is not None] == [p for p in put if p is not None]
    whole = {"events", "links", "status", "data_points", "exemplars", "quantile_values", "positive", "negative"}
    assert taken or path in whole


@pytest.mark.parametrize("context", sorted(CONTEXTS))
def test_attributes_are_changed_in_any_depth(context):
    known = CONTEXTS[context]
    if context == "metric":
        pytest.skip("a metric has no attributes")
    [signal, *_] = [each for each in PAYLOADS if each in known.signals]
    group = statement_group(
        ['set(attributes["new"]["deep"][1], "x")', 'set(cache["k"], attributes["new"]["deep"][1])'],
        signal=signal,
        context=context,
    )
    batch = Program([group], FakeClock()).run(PAYLOADS[signal](), print)
    tree = Tree(batch, FakeClock())
    for _ in known.walk(tree.frame, tree.resources):
        assert known.own.node(tree.frame).tree("attributes")["new"] == {"deep": [None, "x"]}


@pytest.mark.parametrize(
    ("context", "condition", "message"),
    [
        ("span", "resource.cache == nil", "the cache here is `span.cache`"),
        ("span", "resource == nil", "`resource` is a whole resource; name a part of it, such as `resource.attributes`"),
        ("span", 'name["x"] == nil', "name has nothing that a key could choose"),
        ("span", "attributes.x == nil", 'span has no path `attributes.x`; write `attributes["x"]`'),
        ("span", "log.body == nil", "`log.body` can't be named from the context span"),
        ("resource", "span.name == nil", "`span.name` can't be named from the context resource"),
        ("log", "kind == SPAN_KIND_SERVER", "log has no path `kind`"),
        (
            "log",
            "severity_number == SPAN_KIND_SERVER",
            "`SPAN_KIND_SERVER` is not known in the context log, only in span",
        ),
        ("span", "otelcol.client.addr == nil", "there is `otelcol.client.metadata`"),
        ("span", "status.codes == 1", "did you mean `status.code`?"),
    ],
)
def test_a_path_that_is_none_is_told(context, condition, message):
    signal = "logs" if context == "log" else "traces"
    with pytest.raises(GroupError) as error:
        condition_group([condition], signal=signal, context=context)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("signal", "statement", "context"),
    [
        ("traces", 'set(resource.attributes["a"], 1)', "resource"),
        ("traces", 'set(scope.attributes["a"], resource.attributes["a"])', "scope"),
        ("traces", 'set(instrumentation_scope.name, "x")', "scope"),
        ("traces", 'set(resource.attributes["a"], span.name)', "span"),
        ("traces", 'set(span.attributes["a"], spanevent.name)', "spanevent"),
        ("traces", 'set(resource.attributes["a"], 1) where IsRootSpan()', "span"),
        ("metrics", 'set(metric.name, datapoint.attributes["a"])', "datapoint"),
        ("metrics", 'convert_sum_to_gauge() where resource.attributes["a"] == 1', "metric"),
        ("metrics", 'set(resource.attributes["a"], METRIC_DATA_TYPE_SUM)', "metric"),
        ("logs", 'set(resource.attributes["a"], log.body)', "log"),
        ("logs", 'set(resource.attributes["a"], otelcol.client.metadata["k"])', "resource"),
    ],
)
def test_the_context_is_the_one_that_knows_all_of_it(signal, statement, context):
    assert statement_group([statement], signal=signal).context.name == context


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ('IsMatch(name, "(")', 'column 15: IsMatch: pattern: "(" is no regular expression'),
        ("IsMatch(name, 5)", "column 15: IsMatch: pattern: expected a string, got an int"),
        ('IsMatc(name, "x")', "column 1: there is no converter `IsMatc`; did you mean `IsMatch`?"),
        ('IsMatch(name, regex = "x")', "column 15: IsMatch has no argument `regex`"),
        ('IsMatch(name, "x", "y")', "column 20: IsMatch takes at most 2 arguments: IsMatch(target, pattern)"),
        ("IsMatch(name)", "column 1: `pattern` is missing: IsMatch(target, pattern)"),
        ('IsMatch(name, pattern = "x", pattern = "y")', "column 30: `pattern` is given twice"),
        ("name == Concat", "column 9: `Concat` is a function; call it as `Concat(…)`"),
    ],
)
def test_a_call_that_cant_be_is_told_when_it_is_read(condition, message):
    with pytest.raises(GroupError) as error:
        condition_group([condition], signal="traces", context="span")
    assert message in str(error.value)
