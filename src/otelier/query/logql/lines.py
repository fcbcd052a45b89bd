"""Queries for lines: the newest or the oldest that pass all stages."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from ..log_labels import Record, stream_labels
from ..logs import Found, Looked, Source
from .line import Line
from .plan import Plan

_LEAST = 1_000
_MOST = 20_000
"""Records that are asked for at once."""


class Walk:
    """The lines of a plan, one after the other; afterwards `looked` says what was read for them."""

    def __init__(self, source: Source, plan: Plan, start_ns: int, end_ns: int, *, oldest_first: bool) -> None:
        """Both ends belong to the range."""
        self._source = source
        self._plan = plan
        self._range = (start_ns, end_ns)
        self._oldest_first = oldest_first
        self.looked = Looked(0, 0, 0, partial=False)

    def lines(self, limit: int) -> Iterator[Line]:
        """Up to `limit` of them, in order."""
        steps, left = self._plan.steps, limit
        if left <= 0:
            return
        for line in self._all(max(limit, _LEAST) if steps else limit):
            if all(step(line) for step in steps):
                yield line
                left -= 1
                if left <= 0:
                    return

    def _all(self, at_once: int) -> Iterator[Line]:
        """Page by page. The next page begins at the time of the last record: those seen with that time are skipped."""
        (start_ns, end_ns), seen, room = self._range, Counter[Hashable](), 1
        first_ns: int | None = None
        while start_ns <= end_ns:
            at_once = min(at_once, _MOST)
            asked = at_once + seen.total()
            found = self._source.search(
                self._plan.filter, start_ns, end_ns, asked, oldest_first=self._oldest_first, room=room
            )
            self.looked = added(self.looked, found.looked)
            skip, fresh = seen.copy(), False
            for record, line in zip(found.records, _lines(found), strict=True):
                if skip and skip[key := _identity(record, found)] > 0:
                    skip -= Counter([key])
                else:
                    fresh = True
                    yield line
            if found.looked.partial or not found.records or (len(found.records) < asked and not found.more):
                return
            last_ns = found.records[-1].time_ns
            last = Counter(_identity(record, found) for record in found.records if record.time_ns == last_ns)
            # Which of several records with one time come first is not defined.
            seen, first_ns = (last | seen if last_ns == first_ns else last), last_ns
            if self._oldest_first:
                start_ns = last_ns
            else:
                end_ns = last_ns
            if found.more:
                # All that are asked for are looked for, also those that are left out.
                at_once, room = len(found.records), room if fresh else 2 * room
            else:
                at_once *= 2


def _lines(found: Found) -> Iterator[Line]:
    streams = [stream_labels(resource) for resource in found.resources]
    for record in found.records:
        yield Line(record, streams[record.resource], found.scopes[record.scope])


def _identity(record: Record, found: Found) -> Hashable:
    """All that a record says: its place in an answer says nothing in the next one."""
    shown = (*record[:9], *map(tuple, sorted(record.attributes)))
    return shown, tuple(map(tuple, found.resources[record.resource])), found.scopes[record.scope]


def taken(lines: Iterable[Line], max_bytes: int) -> tuple[list[Line], bool]:
    """Those until all together have more bytes, as UTF-8, with the one that is too much; and whether there is none."""
    out, left = list[Line](), max_bytes
    for line in lines:
        out.append(line)
        left -= len(line.text.encode(errors="surrogatepass"))
        if left < 0:
            return out, False
    return out, True


def added(first: Looked, second: Looked) -> Looked:
    """What was read for two answers."""
    return Looked(
        first.records + second.records,
        first.row_groups + second.row_groups,
        first.skipped + second.skipped,
        partial=first.partial or second.partial,
        bytes=first.bytes + second.bytes,
    )
