"""What one query may take, and what is said when that is not enough."""

from collections.abc import Sequence

import pytest

from otelier.query.errors import BadQuery, TooLarge
from otelier.query.traceql import read
from otelier.query.traceql.answer import SearchAnswer
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.plan import plan
from otelier.query.traceql.search import Cursor, search
from otelier.telemetry import Batch
from otelier.testing import span, traces

from . import decoded
from .stand_in import StandIn

TREES = [
    traces(*(span(f"span {at}", trace=trace, number=at + 1, parent=at or None) for at in range(4)))
    for trace in range(1, 9)
]


def ask(query: str, budget: Budget, limit: int = 100, sent: Sequence[Batch] = TREES) -> SearchAnswer:
    found = Found(StandIn(decoded.traces(sent)), "t", Window(0, 2**64 - 1), budget)
    return search(found, plan(read(query).root), limit, 3, Cursor())


def test_an_answer_says_what_it_looked_at():
    answer = ask("{ span.a + 1 = 2 } | count() > 1", Budget(Limits()))
    assert answer.read.spans == 0
    assert ask("{ }", Budget(Limits())).read.spans == 24


def test_traces_that_are_too_large_together_are_read_in_parts():
    few = Budget(Limits(rows=9))
    query = "({ } | count() > 1) >> { }"
    assert ask(query, few) == ask(query, Budget(Limits()))
    assert few.partial == ""


def test_a_trace_that_is_too_large_alone_is_refused_by_name():
    with pytest.raises(TooLarge, match=r"trace [0-9a-f]{32} has more than a query may take: 3 spans"):
        ask("({ } | count() > 1) >> { }", Budget(Limits(rows=3)))


def test_a_query_out_of_time_is_answered_with_what_was_found_and_says_so():
    # Of more traces than are looked at first, the newest and the oldest match.
    many = [traces(span(trace=at, start_ns=at, attributes={"a": 1 if at in (1, 99) else 2})) for at in range(1, 100)]
    seconds = iter([0.0, 1.0, *[99.0] * 9])
    budget = Budget(Limits(time_s=30), lambda: next(seconds))
    answer = ask("{ span.a * 2 = 2 } | count() = 1", budget, limit=2, sent=many)
    assert [each.start_ns for each in answer.traces] == [99]
    assert answer.partial == "the query reached its limit of 30 s; narrow its time or its conditions"


def test_a_search_that_the_core_decides_ends_between_two_slices_of_its_window():
    many = [traces(span(trace=at, start_ns=at)) for at in range(1, 100)]
    halves = [(50, 2**64 - 1), (0, 49)]
    for now, least in ((1.0, 1), (99.0, 50)):
        seconds = iter([0.0, *[now] * 9])
        budget = Budget(Limits(time_s=30), lambda seconds=seconds: next(seconds))
        reader = StandIn(decoded.traces(many))
        found = Found(reader, "t", Window(0, 2**64 - 1), budget, lambda *_: halves)
        answer = search(found, plan(read("{ }").root), 100, 3, Cursor())
        assert [each.start_ns for each in answer.traces] == [*range(99, least - 1, -1)]
        assert bool(answer.partial) == (least > 1)


@pytest.mark.parametrize("text", ["x", "AAAA", "AAAAAAAAAAAAAAAA"])
def test_a_cursor_that_no_answer_gave_is_refused_or_begins_anew(text: str):
    try:
        assert Cursor.read(text).after is None
    except BadQuery as error:
        assert "cursor" in str(error)
