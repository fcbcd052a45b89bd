"""Pages of a search while more comes."""

from otelier.query.traceql import read
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.plan import plan
from otelier.query.traceql.search import Cursor, search
from otelier.testing import span, traces

from . import decoded
from .stand_in import StandIn


def page(query: str, numbers: range, cursor: str) -> tuple[list[int], str]:
    """Start of the traces, each of which is a span that starts at its number."""
    sent = decoded.traces([traces(span(trace=each, start_ns=each)) for each in numbers])
    found = Found(StandIn(sent), "t", Window(0, 2**64 - 1), Budget(Limits()))
    answer = search(found, plan(read(query).root), 3, 3, Cursor.read(cursor))
    return [each.start_ns for each in answer.traces], answer.cursor


def test_what_comes_between_two_pages_is_on_neither_and_hides_nothing():
    for query in ("{ }", "{ } | count() = 1", "{ } !>> { }"):
        first, cursor = page(query, range(1, 7), "")
        second, cursor = page(query, range(1, 100), cursor)
        assert (first, second, cursor) == ([6, 5, 4], [3, 2, 1], "")
