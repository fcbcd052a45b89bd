"""What a processor of whole traces accepted and what it decided, on disk, so that a kill changes neither.

Accepted batches lie in a queue until all of their traces were handed on or dropped. Beside it stand records: each
tick's decisions, before what was kept is handed on, and that it was handed on, afterwards. The next process feeds what
lies in the queue again and leaves out what was handed on. So what can repeat are the batches that were on their way to
the next component when the process was killed, and late spans that went there less than one tick before.

A batch that is done may come back after a power cut, so records name those, too.

Records, by their first byte; ids have 16 bytes, all numbers are little-endian:

- `S`: all decisions that were remembered, 17 bytes each (id, fate); makes earlier records superfluous.
- `D`: number of the tick (8 bytes), how many decisions and how many batches (4 each); the decisions, the numbers of
  batches that are done with them (8 each), and pairs (id, number of a batch) of traces in batches that are not.
- `H`: number of a tick whose kept traces were handed on.
- `P`: the same as `D`, without decisions, of what was handed on already.
"""

import logging
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..component import NumberedQueue, QueueStore, RecordStore
from ..telemetry import Batch
from ..telemetry.mask import inverse

_HEAD = struct.Struct("<QII")
_PAIR = 24
_DECISION = 17
_KEPT = 1
_REWRITE_BYTES = 1 << 20
_DONE = 10_000
"""Numbers of the last batches that are done, kept when records are written anew."""


@dataclass(frozen=True, slots=True)
class _Tick:
    """What a `D` or `P` record says."""

    number: int = 0
    decisions: bytes = b""
    done: tuple[int, ...] = ()
    pairs: bytes = b""

    def encode(self, kind: bytes) -> bytes:
        head = _HEAD.pack(self.number, len(self.decisions) // _DECISION, len(self.done))
        return kind + head + self.decisions + struct.pack(f"<{len(self.done)}Q", *self.done) + self.pairs

    @staticmethod
    def read(body: bytes) -> "_Tick":
        number, decisions, done = _HEAD.unpack_from(body, 1)
        start = 1 + _HEAD.size
        middle = start + decisions * _DECISION
        end = middle + 8 * done
        return _Tick(number, body[start:middle], struct.unpack(f"<{done}Q", body[middle:end]), body[end:])


@dataclass(frozen=True, slots=True)
class Restored:
    """A batch that an earlier process accepted."""

    key: int
    number: int
    batch: Batch
    """Without what was handed on."""
    again: Batch | None
    """Decided to be kept, and maybe handed on."""


class Journal:
    """Safe for threads."""

    def __init__(self, queue: QueueStore, records: RecordStore, log: "logging.LoggerAdapter[logging.Logger]") -> None:
        self._queue = NumberedQueue(queue, log)
        self._records = records
        self._log = log
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        """Held while records are written: none may come between what a rewrite saw and the rewrite. Taken before the
        other lock."""
        self._closed = False
        self._live: dict[int, int] = {}
        """Numbers of the batches that are not done, by key."""
        self._handed: dict[int, bytearray] = {}
        """Ids of the traces that were handed on, by number of each batch that is not done."""
        self._done: dict[int, None] = {}
        """Numbers of batches that are done, in order."""
        self._open: dict[int, _Tick] = {}
        """Ticks whose traces were not handed on yet."""
        self._loose = _Tick()
        """What was handed on and stands in no record yet."""
        self._next_tick = 0
        self._compact_bytes = _REWRITE_BYTES
        self.decisions = b""
        """What an earlier process had decided, oldest first, 17 bytes each."""
        self._read()

    def put(self, batch: Batch, now_ns: int) -> tuple[int, int]:
        """Keep an accepted batch; answers key and number. Raises OSError, and keeps nothing."""
        key, number = self._queue.put(batch, now_ns)
        with self._lock:
            self._live[key] = number
            self._handed[number] = bytearray()
        return key, number

    def withdraw(self, key: int) -> None:
        """The batch was not accepted after all."""
        with self._lock:
            self._handed.pop(self._live.pop(key, 0), None)
        self._queue.done([key])

    def decided(self, decisions: bytes, done: list[int], pairs: bytes) -> int:
        """Keep what was decided before it is handed on; answers the number of the tick.

        `done`: keys of batches of which nothing waits any more.
        """
        with self._lock:
            tick = _Tick(self._next_tick, decisions, tuple(self._live.get(key, 0) for key in done), pairs)
            self._next_tick += 1
            self._open[tick.number] = tick
        self._append(tick.encode(b"D"))
        return tick.number

    def handed_on(self, tick: int, done: list[int]) -> None:
        """The next component has what the tick kept; `done` as in `decided`."""
        with self._lock:
            # All at once, so that a rewrite sees the tick either as open or as handed on.
            self._note(self._open.pop(tick).pairs)
            self._finish(done)
        self._append(b"H" + tick.to_bytes(8, "little"))
        self._queue.done(done)

    def handed_on_late(self, done: list[int], pairs: bytes) -> None:
        """Late spans were handed on, or dropped; on disk with the next `flush`."""
        with self._lock:
            numbers = tuple(self._live.get(key, 0) for key in done)
            self._loose = _Tick(done=self._loose.done + numbers, pairs=self._loose.pairs + pairs)
            self._note(pairs)
            self._finish(done)
        self._queue.done(done)

    def flush(self) -> None:
        """Keep on disk which late spans were handed on."""
        with self._lock:
            loose, self._loose = self._loose, _Tick()
        if loose != _Tick():
            self._append(loose.encode(b"P"))

    def compact(self, remembered: Callable[[], bytes]) -> None:
        """Write anew what is needed if much is not. `remembered` gives all decisions, as in `decisions`."""
        if self._records.size_bytes < self._compact_bytes:
            return
        with self._writing:
            if self._closed:
                return
            with self._lock:
                pairs = b"".join(pairs_of(_split(ids), number) for number, ids in self._handed.items())
                bodies = [b"S" + remembered(), _Tick(done=tuple(self._done), pairs=pairs).encode(b"P")]
                bodies += [tick.encode(b"D") for tick in self._open.values()]
                self._loose = _Tick()
            try:
                self._records.rewrite(bodies)
            except OSError as error:
                self._log.error("can't write the journal of decisions anew: %s", error)
        self._compact_bytes = max(_REWRITE_BYTES, 4 * self._records.size_bytes)

    def restored(self) -> Iterator[Restored]:
        """What an earlier process accepted and didn't finish, oldest first; what can't be read stays where it is."""
        kept = _sampled(tick.decisions for tick in self._open.values())
        decided: dict[int, bytearray] = {}
        for tick in self._open.values():
            _collect(decided, tick.pairs)
        all_decided = {number for tick in self._open.values() for number in tick.done}
        handed, self._handed = self._handed, {}
        for key, number, batch in self._queue.restored(self._done.__contains__):
            gone = handed.get(number, bytearray())
            with self._lock:
                self._live[key] = number
                self._handed[number] = gone
            _, left = _part(batch, _split(gone))
            again, left = _part(left, _ids(left) if number in all_decided else _split(decided.get(number, b"")))
            again, _ = _part(again, kept)
            yield Restored(key, number, left, again or None)
        with self._lock:
            self._open.clear()

    def close(self) -> None:
        """What is not done stays for the next process; what is said from now on is not written, it has the files."""
        with self._writing:
            self._closed = True
            self._queue.close()
            self._records.close()

    def _append(self, body: bytes) -> None:
        with self._writing:
            if self._closed:
                return
            try:
                self._records.append(body)
            except OSError as error:
                self._log.error("can't keep decisions on disk, a kill may repeat or change them: %s", error)

    def _finish(self, done: list[int]) -> None:
        """Under the lock. Nothing of these batches waits any more."""
        for key in done:
            number = self._live.pop(key, 0)
            self._handed.pop(number, None)
            self._done[number] = None
        while len(self._done) > _DONE:
            del self._done[next(iter(self._done))]

    def _note(self, pairs: bytes) -> None:
        """Under the lock. What is done meanwhile needs no note."""
        found: dict[int, bytearray] = {}
        _collect(found, pairs)
        for number, ids in found.items():
            if number in self._handed:
                self._handed[number] += ids

    def _read(self) -> None:
        decisions: list[bytes] = []
        for body in self._records.records:
            kind = body[:1]
            if kind == b"S":
                decisions = [body[1:]]
            elif kind == b"P":
                self._handed_on_before(_Tick.read(body))
            elif kind == b"D":
                tick = _Tick.read(body)
                self._open[tick.number] = tick
                decisions.append(tick.decisions)
                self._next_tick = max(self._next_tick, tick.number + 1)
            elif kind == b"H" and (number := int.from_bytes(body[1:], "little")) in self._open:
                self._handed_on_before(self._open.pop(number))
        self.decisions = b"".join(decisions)
        self._queue.begin_behind(max((*self._handed, *self._done), default=0))

    def _handed_on_before(self, tick: _Tick) -> None:
        _collect(self._handed, tick.pairs)
        self._done.update(dict.fromkeys(tick.done))


def pairs_of(ids: Iterable[bytes], number: int) -> bytes:
    """As the records have them."""
    return b"".join(trace_id + number.to_bytes(8, "little") for trace_id in ids)


def _collect(into: dict[int, bytearray], pairs: bytes) -> None:
    for at in range(0, len(pairs), _PAIR):
        number = int.from_bytes(pairs[at + 16 : at + _PAIR], "little")
        into.setdefault(number, bytearray()).extend(pairs[at : at + 16])


def _ids(batch: Batch) -> set[bytes]:
    return _split(batch.trace_ids())


def _split(ids: bytes | bytearray) -> set[bytes]:
    return {bytes(ids[at : at + 16]) for at in range(0, len(ids), 16)}


def _sampled(decisions: Iterable[bytes]) -> set[bytes]:
    return {each[at : at + 16] for each in decisions for at in range(0, len(each), _DECISION) if each[at + 16] == _KEPT}


def _part(batch: Batch, traces: set[bytes]) -> tuple[Batch, Batch]:
    """The spans of these traces, and the others."""
    ids = batch.trace_ids()
    inside = bytes(ids[at : at + 16] in traces for at in range(0, len(ids), 16))
    return batch.select(inside), batch.select(inverse(inside))
