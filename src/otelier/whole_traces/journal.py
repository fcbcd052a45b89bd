"""What a processor of whole traces accepted and what it decided, on disk, so that a kill changes neither.

Accepted batches lie in a queue until all of their traces were handed on or dropped. Beside it stand records: each
tick's decisions, before what was kept is handed on, and that it was handed on, afterwards. The next process feeds what
lies in the queue again and leaves out what was handed on. So what can repeat are the batches that were on their way to
the next component when the process was killed, and late spans that went there less than one tick before.

Records, by their first byte; ids have 16 bytes, numbers of batches 8, little-endian:

- `S`: all decisions that were remembered, 17 bytes each (id, fate); makes the earlier ones superfluous.
- `D`: 8 bytes number of the tick, 4 bytes how many decisions, these, and pairs (id, number of a batch) of traces in
  batches that are not done.
- `H`: 8 bytes number of a tick whose kept traces were handed on.
- `P`: pairs that were handed on.
"""

import logging
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..component import QueueStore, RecordStore
from ..telemetry import Batch

_NUMBER = "otelier-journal"
_TICK = struct.Struct("<QI")
_PAIR = 24
_DECISION = 17
_KEPT = 1
_REWRITE_BYTES = 1 << 20


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
        self._queue = queue
        self._records = records
        self._log = log
        self._lock = threading.Lock()
        self._live: dict[int, int] = {}
        """Numbers of the batches that are not done, by key."""
        self._handed: dict[int, bytearray] = {}
        """Ids of the traces that were handed on, by number of each batch that is not done."""
        self._open: dict[int, tuple[bytes, bytes]] = {}
        """Decisions and pairs of ticks whose traces were not handed on yet."""
        self._loose = bytearray()
        """Pairs that were handed on and stand in no record yet."""
        self._next_number = 0
        self._next_tick = 0
        self._compact_bytes = _REWRITE_BYTES
        self.decisions = b""
        """What an earlier process had decided, oldest first, 17 bytes each."""
        self._read()

    def put(self, batch: Batch, now_ns: int) -> tuple[int, int]:
        """Keep an accepted batch; answers key and number. Raises OSError, and keeps nothing."""
        with self._lock:
            number = self._next_number
            self._next_number += 1
        key = self._queue.put(batch.with_metadata({**batch.metadata, _NUMBER: (str(number),)}), now_ns)
        with self._lock:
            self._live[key] = number
            self._handed[number] = bytearray()
        return key, number

    def done(self, keys: list[int]) -> None:
        """Nothing of these batches waits any more."""
        if not keys:
            return
        with self._lock:
            for key in keys:
                self._handed.pop(self._live.pop(key, -1), None)
        self._queue.done(keys)

    def decided(self, decisions: bytes, pairs: bytes) -> int:
        """Keep what was decided before it is handed on; answers the number of the tick."""
        with self._lock:
            tick = self._next_tick
            self._next_tick += 1
            self._open[tick] = decisions, pairs
            loose, self._loose = bytes(self._loose), bytearray()
            self._note(loose)
        if loose:
            self._append(b"P" + loose)
        self._append(b"D" + _TICK.pack(tick, len(decisions) // _DECISION) + decisions + pairs)
        return tick

    def handed_on(self, tick: int) -> None:
        """The next component has what the tick kept."""
        with self._lock:
            _, pairs = self._open.pop(tick)
            self._note(pairs)
        self._append(b"H" + tick.to_bytes(8, "little"))

    def handed_on_late(self, pairs: bytes) -> None:
        """Late spans were handed on, or dropped; on disk with the next tick."""
        with self._lock:
            self._loose += pairs

    def compact(self, remembered: Callable[[], bytes]) -> None:
        """Write anew what is needed if much is not. `remembered` gives all decisions, as in `decisions`."""
        if self._records.size_bytes < self._compact_bytes:
            return
        with self._lock:
            pairs = b"".join(pairs_of(_split(ids), number) for number, ids in self._handed.items())
            bodies = [b"S" + remembered(), b"P" + pairs]
            for tick, (decisions, open_pairs) in self._open.items():
                bodies.append(b"D" + _TICK.pack(tick, len(decisions) // _DECISION) + decisions + open_pairs)
        try:
            self._records.rewrite(bodies)
        except OSError as error:
            self._log.error("can't write the journal of decisions anew: %s", error)
        self._compact_bytes = max(_REWRITE_BYTES, 4 * self._records.size_bytes)

    def restored(self) -> Iterator[Restored]:
        """What an earlier process accepted and didn't finish, oldest first; what can't be read stays where it is."""
        kept = _sampled(decisions for decisions, _ in self._open.values())
        decided: dict[int, bytearray] = {}
        for _, pairs in self._open.values():
            _collect(decided, pairs)
        handed, self._handed = self._handed, {}
        for key, _, items, _, metadata in self._queue.restored():
            try:
                batch = self._queue.load(key)
            except OSError as error:
                self._log.error("can't read %d spans of the last run: %s; they stay on disk", items, error)
                continue
            number = int((metadata.get(_NUMBER) or ("-1",))[0])
            gone = handed.get(number, bytearray())
            with self._lock:
                self._live[key] = number
                self._handed[number] = gone
                self._next_number = max(self._next_number, number + 1)
            _, batch = _part(batch, _split(gone))
            again, batch = _part(batch, _split(decided.get(number, b"")))
            again, _ = _part(again, kept)
            yield Restored(key, number, batch, again or None)
        with self._lock:
            self._open.clear()

    def close(self) -> None:
        """What is not done stays for the next process."""
        self._queue.close()
        self._records.close()

    def _append(self, body: bytes) -> None:
        try:
            self._records.append(body)
        except OSError as error:
            self._log.error("can't keep decisions on disk, a kill may repeat or change them: %s", error)

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
            kind, rest = body[:1], body[1:]
            if kind == b"S":
                decisions = [rest]
            elif kind == b"P":
                _collect(self._handed, rest)
            elif kind == b"D":
                tick, count = _TICK.unpack_from(rest)
                end = _TICK.size + count * _DECISION
                self._open[tick] = rest[_TICK.size : end], rest[end:]
                decisions.append(rest[_TICK.size : end])
                self._next_tick = max(self._next_tick, tick + 1)
            elif kind == b"H" and (tick := int.from_bytes(rest, "little")) in self._open:
                _collect(self._handed, self._open.pop(tick)[1])
        self.decisions = b"".join(decisions)
        self._next_number = max((number + 1 for number in self._handed), default=0)


def pairs_of(ids: Iterable[bytes], number: int) -> bytes:
    """As the records have them."""
    return b"".join(trace_id + number.to_bytes(8, "little") for trace_id in ids)


def _collect(into: dict[int, bytearray], pairs: bytes) -> None:
    for at in range(0, len(pairs), _PAIR):
        number = int.from_bytes(pairs[at + 16 : at + _PAIR], "little")
        into.setdefault(number, bytearray()).extend(pairs[at : at + 16])


def _split(ids: bytes | bytearray) -> set[bytes]:
    return {bytes(ids[at : at + 16]) for at in range(0, len(ids), 16)}


def _sampled(decisions: Iterable[bytes]) -> set[bytes]:
    return {each[at : at + 16] for each in decisions for at in range(0, len(each), _DECISION) if each[at + 16] == _KEPT}


def _part(batch: Batch, traces: set[bytes]) -> tuple[Batch, Batch]:
    """The spans of these traces, and the others."""
    ids = batch.trace_ids()
    inside = [ids[at : at + 16] in traces for at in range(0, len(ids), 16)]
    return batch.select(bytes(inside)), batch.select(bytes(not each for each in inside))
