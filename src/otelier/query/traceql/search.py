"""Which traces answer a search, in which order; and what the answer tells of them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..errors import BadQuery
from .answer import SearchAnswer, TraceResult
from .details import by_key, fields_told, results
from .evaluate.order import Key, first_traces, newest
from .evaluate.table import Table
from .found import Candidates, Found, Judged, asked_for
from .plan import Plan
from .told import Telling

_FIRST_LOOK = 64
"""Traces that are looked at first if not each of them need be an answer."""
_GROWTH = 8
"""So many times as many are looked at next, and again, then all: to read so many one by one costs more."""
_ALL = 0
_TRACES_AT_ONCE = 1024
"""That are read whole before it is seen whether they are enough."""
_Place = tuple[int, bytes]
"""Of a trace among the newest: start of its newest found span, and its id. The greater comes first."""


class Cursor(NamedTuple):
    """Where a page begins."""

    skipped: int = 0
    """Traces on the pages before."""
    after: _Place | None = None
    """Newest first: the last of them."""

    @staticmethod
    def read(text: str) -> "Cursor":
        """Of an earlier answer. Raises BadQuery."""
        if not text:
            return Cursor()
        try:
            raw = urlsafe_b64decode(text)
        except ValueError:
            raw = b""
        found = Cursor(int.from_bytes(raw[:4]), (int.from_bytes(raw[4:12]), raw[12:]) if len(raw) == 28 else None)
        if found.written() != text:
            raise BadQuery("the cursor is none that an answer gave; leave it out to begin anew")
        return found

    def written(self) -> str:
        """For the answer."""
        start, trace_id = self.after or (0, b"")
        return urlsafe_b64encode(
            self.skipped.to_bytes(4) + (start.to_bytes(8) + trace_id if self.after else b"")
        ).decode()


def search(found: Found, plan: Plan, limit: int, spans_per_spanset: int, cursor: Cursor) -> SearchAnswer:
    """The next `limit` traces."""
    if plan.told:
        return _told(found, plan, limit, spans_per_spanset, cursor)
    if plan.decided and plan.by_rows:
        places, table = _decided(found, plan, cursor, limit + 1)
        ids, judged = [trace_id for _, trace_id in places], [found.judged_rows(plan, table)]
    else:
        places = [] if plan.sort else _newest(found, plan, cursor, limit + 1)
        ids = _sorted(found, plan, cursor, limit + 1) if plan.sort else [trace_id for _, trace_id in places]
        judged = found.judged_traces(plan, ids[:limit], fields_told(plan))
    traces = results(found, plan, judged, ids[:limit], spans_per_spanset)
    return _answer(found, traces, cursor, ids, places, limit)


def _told(found: Found, plan: Plan, limit: int, spans_per_spanset: int, cursor: Cursor) -> SearchAnswer:
    """No span becomes an object."""
    places, look = list[_Place](), cursor.skipped + limit + 1
    while True:
        newest = found.newest(plan, look)
        places = _behind(cursor, newest)
        if len(places) > limit or len(newest) < look:
            break
        look *= _GROWTH  # more have come since the page before
    ids = [trace_id for _, trace_id in places]
    traces = found.told(plan, ids[:limit], Telling(by_key(plan.shown)), spans_per_spanset)
    return _answer(found, traces, cursor, ids, places, limit)


def _answer(
    found: Found,
    traces: Sequence[TraceResult],
    cursor: Cursor,
    ids: Sequence[bytes],
    places: Sequence[_Place],
    limit: int,
) -> SearchAnswer:
    """With the place where the next page begins, if there are more `ids` than the limit."""
    more = ""
    if len(ids) > limit:
        more = Cursor(cursor.skipped + limit, places[limit - 1] if places else None).written()
    return SearchAnswer(traces, found.budget.read, found.budget.partial, more)


def _behind(cursor: Cursor, places: Iterable[_Place]) -> list[_Place]:
    """Newest first, those that were not on the pages before."""
    return sorted((each for each in places if cursor.after is None or each < cursor.after), reverse=True)


def _decided(found: Found, plan: Plan, cursor: Cursor, want: int) -> tuple[list[_Place], Table]:
    """What the core knows alone, and the spans."""
    look = cursor.skipped + want
    while True:
        candidates = found.candidates(plan, look, fields_told(plan))
        places = _behind(cursor, zip(candidates.newest_ns, candidates.trace_ids, strict=True))
        if len(places) >= want or len(candidates.trace_ids) < look or found.budget.partial:
            return places, candidates.table
        look *= _GROWTH  # more have come since the page before


def _newest(found: Found, plan: Plan, cursor: Cursor, want: int) -> list[_Place]:
    """Looks at more and more traces until none that was not looked at can come before those in the answer."""
    first = max(_FIRST_LOOK, 4 * (cursor.skipped + want))
    known: dict[bytes, int] = {}
    seen: set[bytes] = set()
    places: list[_Place] = []
    for look in (first, _GROWTH * first, _GROWTH**2 * first, _ALL):
        candidates = found.candidates(plan, look, asked_for(plan.deciding if plan.by_rows else ()))
        for horizon in _judged(found, plan, candidates, known, seen):
            places = _behind(cursor, ((start, trace_id) for trace_id, start in known.items()))
            if len(places) >= want and places[want - 1] >= horizon:
                return places[:want]
        if look == _ALL or len(candidates.trace_ids) < look or found.budget.partial or found.budget.over():
            break
    return places[:want]


def _judged(
    found: Found, plan: Plan, candidates: Candidates, known: dict[bytes, int], seen: set[bytes]
) -> Iterator[_Place]:
    """Notes what is found among the candidates; after each part the place behind which all others are."""
    places = list(zip(candidates.newest_ns, candidates.trace_ids, strict=True))
    if plan.by_rows and places:
        _note(known, found.judged_rows(plan, candidates.table))
        yield min(places)
        return
    places = sorted((each for each in places if each[1] not in seen), reverse=True)
    for at in range(0, len(places), _TRACES_AT_ONCE):
        part = places[at : at + _TRACES_AT_ONCE]
        ids = [trace_id for _, trace_id in part]
        for judged in found.judged_traces(plan, ids, asked_for(plan.deciding)):
            _note(known, judged)
        seen.update(ids)
        yield part[-1]
        if found.budget.over():
            return


def _note(known: dict[bytes, int], judged: Judged) -> None:
    for code, start in newest(judged.spansets, judged.table).items():
        known[judged.table.trace_ids[code]] = start


def _sorted(found: Found, plan: Plan, cursor: Cursor, want: int) -> list[bytes]:
    """All of them have to be looked at."""
    assert plan.sort
    best: list[Key] = []
    for judged in found.tables(plan):
        more = first_traces(judged.spansets, judged.table, plan.sort, cursor.skipped + want)
        best = sorted([*best, *more])[: cursor.skipped + want]
    return [key[-1] for key in best[cursor.skipped :]]
