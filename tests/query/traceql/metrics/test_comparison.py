"""`compare`: attributes inside and outside of a selection."""

import pytest

from otelier.query.traceql.limits import Budget, Limits
from otelier.testing.telemetry import START_NS, span

from .asked import SECOND, Found, OverColumns, found, points

SPANS = [
    span("a", number=1, trace=1, status="ERROR", attributes={"v": "old", "n": 1}),
    span("a", number=2, trace=2, status="ERROR", attributes={"v": "old"}),
    span("b", number=3, trace=3, attributes={"v": "new"}),
    span("b", number=4, trace=4, start_ns=START_NS + 10 * SECOND, attributes={"v": "new"}),
    span("b", number=5, trace=5, attributes={"v": "old"}),
]


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_each_span_counts_once_on_its_side(way):
    sides = points("{ resource.service.name != nil } | compare({ status = error })", *SPANS, way=way)
    own = {key: values for key, values in sides.items() if key[1] in ("old", "new", 1, "a", "b", "shop")}
    assert own == {
        ("selection", "old"): [2, 0],
        ("baseline", "old"): [1, 0],
        ("baseline", "new"): [1, 1],
        ("selection", 1): [1, 0],
        ("selection", "a"): [2, 0],
        ("baseline", "b"): [2, 1],
        ("selection", "shop"): [2, 0],
        ("baseline", "shop"): [2, 1],
    }


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_totals_are_the_spans_that_have_the_attribute(way):
    told = _of("span.n", "{ } | compare({ status = error })", way)
    assert told == {("selection", "1"): [1, 0], ("selection_total", "nil"): [1, 0]}


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_more_values_than_are_told_are_marked(way):
    told = _of("span.v", "{ } | compare({ status = error }, 1)", way)
    assert told == {
        ("selection", "old"): [2, 0],
        ("selection_total", "nil"): [2, 0],
        ("baseline", "new"): [1, 1],
        ("baseline_total", "nil"): [2, 1],
        ("__too_many_values__", "nil"): [None, None],
    }


def test_the_selection_may_have_a_time_of_its_own():
    text = f"{{ }} | compare({{ name = `b` }}, 10, {START_NS + SECOND}, {START_NS + 11 * SECOND})"
    assert _of("span.v", text, Found) == {
        ("selection", "new"): [0, 1],
        ("selection_total", "nil"): [0, 1],
        ("baseline", "old"): [3, 0],
        ("baseline", "new"): [1, 0],
        ("baseline_total", "nil"): [4, 0],
    }


def _of(key, text, way):
    made = {}
    for each in found(text, *SPANS, way=way):
        kind, attribute = each.labels
        if attribute.key == key:
            value = "nil" if attribute.value is None else str(attribute.value)
            made[kind.value, value] = [None if point != point else point for point in each.values.tolist()]
    return made


@pytest.mark.parametrize("way", [Found, OverColumns])
def test_no_more_attributes_are_told_than_an_answer_may_have_series_and_it_says_so(way):
    spans = [span("a", number=at, attributes={f"k{at}": at for at in range(50)}) for at in range(1, 4)]
    whole, few = Budget(Limits()), Budget(Limits(series=20))
    everything = found("{ } | compare({ name = `a` })", *spans, way=way, limits=whole)
    some = found("{ } | compare({ name = `a` })", *spans, way=way, limits=few)
    assert whole.partial == ""
    assert few.partial.startswith("the query reached its limit of 20 series; narrow its")
    assert 10 < len(some) <= 20 < len(everything)
    assert {each.labels for each in some} < {each.labels for each in everything}
