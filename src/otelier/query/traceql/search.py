"""Which traces answer a search, in which order; and what the answer tells of them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from typing import NamedTuple

from ..errors import BadQuery
from .answer import SearchAnswer
from .details import fields_told, results
from .evaluate.order import Key, first_traces, newest
from .found import Found, Judged, asked_for
from .plan import Plan

_FIRST_LOOK = 64
"""Traces that are looked at first if not each of them need be an answer."""
_GROWTH = 8
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
            return Cursor(int.from_bytes(raw[:4]), (int.from_bytes(raw[4:12]), raw[12:]) if len(raw) == 28 else None)
        except ValueError as error:
            raise BadQuery("the cursor is none that an answer gave; leave it out to begin anew") from error

    def written(self) -> str:
        """For the answer."""
        start, trace_id = self.after or (0, b"")
        return urlsafe_b64encode(
            self.skipped.to_bytes(4) + (start.to_bytes(8) + trace_id if self.after else b"")
        ).decode()


def search(found: Found, plan: Plan, limit: int, spans_per_spanset: int, cursor: Cursor) -> SearchAnswer:
    """The next `limit` traces."""
    if plan.decided and plan.by_rows:
        candidates = found.candidates(plan, cursor.skipped + limit + 1, fields_told(plan))
        places = _behind(cursor, zip(candidates.newest_ns, candidates.trace_ids, strict=True))
        ids, judged = [trace_id for _, trace_id in places], [found.judged_rows(plan, candidates.table)]
    else:
        places = [] if plan.sort else _newest(found, plan, cursor, limit + 1)
        ids = _sorted(found, plan, cursor, limit + 1) if plan.sort else [trace_id for _, trace_id in places]
        judged = found.judged_traces(plan, ids[:limit], fields_told(plan))
    more = ""
    if len(ids) > limit:
        more = Cursor(cursor.skipped + limit, places[limit - 1] if places else None).written()
    traces = results(found, plan, judged, ids[:limit], spans_per_spanset)
    return SearchAnswer(traces, found.budget.read, found.budget.partial, more)


def _behind(cursor: Cursor, places: Iterable[_Place]) -> list[_Place]:
    """Newest first, those that were not on the pages before."""
    return sorted((each for each in places if cursor.after is None or each < cursor.after), reverse=True)


def _newest(found: Found, plan: Plan, cursor: Cursor, want: int) -> list[_Place]:
    """Looks at more and more traces until none that was not looked at can come before those in the answer."""
    look = cursor.skipped + want if plan.decided else max(_FIRST_LOOK, 4 * (cursor.skipped + want))
    known: dict[bytes, int] = {}
    seen: set[bytes] = set()
    while True:
        horizon = _look(found, plan, look, known, seen)
        places = _behind(cursor, ((start, trace_id) for trace_id, start in known.items()))
        if horizon is None or found.budget.partial or found.budget.over():
            return places[:want]
        if len(places) >= want and places[want - 1] >= horizon:
            return places[:want]
        look *= _GROWTH


def _look(found: Found, plan: Plan, look: int, known: dict[bytes, int], seen: set[bytes]) -> _Place | None:
    """Judge the newest `look` candidates; the last of them, if there may be more."""
    by_rows = plan.by_rows and not plan.decided
    candidates = found.candidates(plan, look, asked_for(plan.deciding if by_rows else ()))
    ids, starts = candidates.trace_ids, candidates.newest_ns
    if plan.decided:
        known.update(zip(ids, starts, strict=True))
    elif by_rows:
        _note(known, found.judged_rows(plan, candidates.table))
    else:
        for judged in found.judged_traces(plan, [each for each in ids if each not in seen], asked_for(plan.deciding)):
            _note(known, judged)
        seen.update(ids)
    return (starts[-1], ids[-1]) if len(ids) == look else None


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
