"""The largest and smallest of more series than an answer may have are those of all series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.query.errors import TooLarge
from otelier.query.traceql import read
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.metrics import series
from otelier.testing.telemetry import START_NS, span, traces

from ..decoded import traces as decoded
from .asked import SECOND, STEPS
from .counting import Counting

_VALUES = st.sampled_from(["a", "b", "c", "d", "ä", "", 5, 5.0, -1, 0.5, True, False, None])
_SPANS = st.lists(st.tuples(_VALUES, st.sampled_from([0, 15 * SECOND])), max_size=30)


def ranked(text, sent, most):
    spans = [
        span(number=at + 1, start_ns=START_NS + after, attributes={} if value is None else {"v": value})
        for at, (value, after) in enumerate(sent)
    ]
    store = Counting(decoded([traces(*spans)] if spans else []))
    found = Found(store, "t", Window(STEPS.first_ns, STEPS.last_ns), Budget(Limits(series=most)))
    return [(each.labels, each.values.tolist()) for each in series(read(text).root, found, STEPS)]


@given(_SPANS, st.sampled_from(["topk", "bottomk"]), st.integers(1, 4), st.sampled_from(["rate", "count_over_time"]))
def test_few_of_too_many_series_are_those_of_all(sent, function, limit, measure):
    text = f"{{ }} | {measure}() by (span.v) | {function}({limit})"
    # At each of two times so many series are left.
    assert repr(ranked(text, sent, 2 * limit)) == repr(ranked(text, sent, 10_000))


def test_what_is_not_ranked_is_limited():
    sent = [(each, 0) for each in "abc"]
    with pytest.raises(TooLarge, match="more than 2 series"):
        ranked("{ } | rate() by (span.v)", sent, 2)
    with pytest.raises(TooLarge, match="more than 2 series"):
        ranked("{ } | rate() by (span.v) | topk(3)", sent, 2)
