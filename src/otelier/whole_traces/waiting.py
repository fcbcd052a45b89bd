"""Traces that wait: taken in within limits, in a journal if that is wanted, until their processor takes them out.

What both processors have in common beside is here, too: the tick at which they decide, the stop, who has custody.
"""

import json
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from .._core import AddedTraces, BufferFull, Disk, Edit, TakenTraces, TraceBuffer, TraceColumns
from ..component import (
    ComponentID,
    Consumer,
    Context,
    Custody,
    CustodyKind,
    Duration,
    Refused,
    Storage,
    Timer,
    find_storage,
    finish_by,
)
from ..telemetry import Batch
from .journal import Journal, Restored, pairs_of
from .outbox import Outbox, Parcel

Mask: TypeAlias = Callable[[Batch], bytes]

FATE_SAMPLED = 1
FATE_WAIT_ON = 3
_OUTBOX_BYTES = 256 << 20
_LOOK_AGAIN_S = 0.1
_REPORT_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait. What is beyond `budget_bytes` goes to disk; what is beyond that is refused, or with `block`
    waited for."""

    num_traces: int
    budget_bytes: int
    spill_bytes: int
    spill_directory: str
    """Empty: the system's for temporary files."""
    block: bool = False


class WaitingTraces:
    """Safe for threads; one at a time decides."""

    def __init__(
        self,
        ctx: Context,
        wait: Duration,
        limits: Limits,
        storage: ComponentID | None,
        options: Mapping[str, Any],
        masks: Sequence[Mask] = (),
        late_edit: Edit | None = None,
    ) -> None:
        """`wait`: from a trace's first span until it is due. `options`: those of the native buffer that nothing else
        gives. `masks`: asked about each batch that comes, one byte per span; what they say stands behind the native
        matchers. `late_edit`: of late spans of traces that were kept. Raises OtelierError for an unknown storage."""
        self.ctx = ctx
        self._wait = wait
        self._limits = limits
        self._storage = find_storage(ctx, storage, "storage") if storage else None
        self._masks = tuple(masks)
        self._late_edit = late_edit
        self._given_up = threading.Event()
        self._deciding = threading.Lock()
        self._timer: Timer | None = None
        self._reported_s = 0.0
        self._journal: Journal | None = None
        self._dropped = ctx.meter.counter(
            "otelcol_processor_dropped_spans", "{item}", "spans accepted and then lost, by reason."
        )
        self._outbox = Outbox(ctx.log, self.drop, limits.budget_bytes or _OUTBOX_BYTES)
        bounds = {"budget_bytes": limits.budget_bytes, "spill_bytes": limits.spill_bytes}
        more = {**bounds, "num_traces": limits.num_traces, "conditions": len(self._masks), "wait_us": round(wait * 1e6)}
        self._buffer = TraceBuffer(json.dumps({**options, **more}).encode(), self._spill_disk())

    def start(self, consumer: Consumer, tick_s: float, decide: Callable[[bool], None]) -> None:
        """Take up what an earlier process left. Then `decide` is called at every tick, and at the stop with True, about
        all that waits; `consumer` gets what it takes out."""
        self._next, self._tick_s, self._decide = consumer, tick_s, decide
        if self._storage:
            self._open_journal(self._storage)
        self._timer = self.ctx.clock.timer(self._tick, f"otelier:{self.ctx.id}:decide")
        self._timer.start(tick_s)

    def now_us(self) -> int:
        """The buffer's time."""
        return round(self.ctx.clock.monotonic() * 1e6)

    def add(self, batch: Batch) -> AddedTraces:
        """Take a batch in, all or nothing; late spans of traces that were kept are handed on. Raises Refused."""
        self._await_room(batch)
        masks = [mask(batch) for mask in self._masks]
        try:
            journaled = self._journal.put(batch, self.ctx.clock.time_ns()) if self._journal else None
        except OSError as error:
            raise Refused(f"{self.ctx.id}: what waits can't be written: {error}", limit="storage") from error
        try:
            added = self._buffer.add(batch, self.now_us(), journaled=journaled, masks=masks)
        except BufferFull as error:
            if self._journal and journaled:
                self._journal.withdraw(journaled[0])
            raise self._refusal(str(error)) from error
        self._follow(added)
        return added

    def due(self, *, all_of_them: bool = False) -> TraceColumns:
        """Traces to be decided now."""
        return self._buffer.due(2**63 if all_of_them else self.now_us())

    def touched(self) -> TraceColumns:
        """Traces to which something came since the last call, and that are not due."""
        return self._buffer.touched()

    def peek(self, columns: TraceColumns, row: int) -> Batch:
        """The spans of a row; empty if they are gone. Raises OSError."""
        return self._buffer.peek(columns, row) or Batch.from_otlp("traces", b"")

    def take(self, columns: TraceColumns, fates: bytes, edit: Edit | None = None) -> TakenTraces:
        """Let the rows go, each to its fate; those sampled stand in the outbox then, with that edit."""
        taken = self._buffer.take(columns, fates, self.now_us())
        if taken.unreadable_spans:
            self.ctx.log.error("dropped %d spans, can't read them back: %s", taken.unreadable_spans, taken.unreadable)
            self.drop(taken.unreadable_spans, "unreadable")
        batch = edit.apply(taken.batch)[0] if edit and taken.batch else taken.batch
        journal = self._journal
        if journal is None:
            self._outbox.put(Parcel(batch, lambda: None))
            return taken
        tick = journal.decided(_decisions(columns.trace_ids, fates), taken.finished, taken.pairs)
        self._outbox.put(Parcel(batch, lambda: journal.handed_on(tick, taken.finished)))
        return taken

    def hand_on(self, *, wait: bool = False) -> None:
        """Give the next component what was decided, as far as it takes it now; the rest at the next call.

        `wait`: until another thread that is at it has ended.
        """
        self._outbox.hand_on(self._next, wait=wait)
        if self._journal:
            self._journal.flush()
            self._journal.compact(self._buffer.decisions)
        self._report()

    def stats(self) -> dict[str, int]:
        """As the native buffer's."""
        return self._buffer.stats()

    def remembered(self, trace_id: bytes) -> int | None:
        """The fate that late spans of a trace share; None if it waits, is forgotten or never came. Slow."""
        known = self._buffer.decisions()
        at = next((at for at in range(0, len(known), 17) if known.startswith(trace_id, at)), None)
        return None if at is None else known[at + 16]

    def give_up_waiting(self) -> None:
        """Whoever waits for room is refused from now on."""
        self._given_up.set()

    def stop(self, deadline: float) -> None:
        """Let the processor decide about the rest, and hand it on; what it can't until the deadline is counted, or
        stays on disk. Does nothing before `start`."""
        if self._timer is None:
            return
        clock = self.ctx.clock
        self._timer.cancel()
        self._given_up.set()

        def rest() -> bool:
            with self._deciding:
                self._decide(True)
            self.hand_on(wait=True)
            return True

        finish_by(deadline, rest, clock, f"otelier:{self.ctx.id}:stop")
        spans = self._outbox.give_up("" if self._journal else "shutdown")
        if self._journal:
            if spans:
                self.ctx.log.info("stopped before all was handed on, %d spans stay on disk for the next start", spans)
            self._journal.close()
        self._timer.close(max(deadline - clock.monotonic(), 0))

    def custody(self) -> Custody:
        """What a kill loses."""
        if self._storage:
            return Custody(CustodyKind.BUFFERS, self._storage.loss_window())
        window = f"what arrived in the last {self._wait}, and what the next component refuses for now"
        return Custody(CustodyKind.BUFFERS, window)

    def drop(self, spans: int, reason: str) -> None:
        """Count what was accepted and is lost."""
        self._dropped.add(spans, reason=reason, processor=str(self.ctx.id))

    def _tick(self) -> None:
        try:
            with self._deciding:
                self._decide(False)
            self.hand_on()
        except Exception:  # the next tick must come
            self.ctx.log.exception("a tick failed; what is left waits for the next one")
        finally:
            if self._timer:
                self._timer.start(self._tick_s)

    def _open_journal(self, storage: Storage) -> None:
        name = f"processor/{self.ctx.id}/{self.ctx.pipeline}"
        journal = Journal(storage.open_queue(name), storage.open_records(f"{name}/decisions"), self.ctx.log)
        self._journal = journal
        self._buffer.restore(journal.decisions, self.now_us())
        for restored in journal.restored():
            self._restore(journal, restored)

    def _spill_disk(self) -> Disk | None:
        if not (self._limits.budget_bytes and self._limits.spill_bytes):
            return None
        directory = Path(self._limits.spill_directory or tempfile.gettempdir())
        try:
            return Disk.real(directory)
        except OSError as error:
            self.ctx.log.warning("what doesn't fit in memory will be refused, not spilled: %s: %s", directory, error)
            return None

    def _await_room(self, batch: Batch) -> None:
        while True:
            why = "too much waits for the next component" if self._outbox.is_full else ""
            try:
                if not why:
                    self._buffer.make_room(batch.size_bytes)
                    return
            except BufferFull as error:
                why = str(error)
            if not self._limits.block or self._given_up.is_set():
                raise self._refusal(why)
            self.ctx.clock.wait(self._given_up, _LOOK_AGAIN_S)

    def _refusal(self, why: str) -> Refused:
        hint = "raise budget_bytes or spill_bytes, or wait for less time"
        return Refused(f"{self.ctx.id}: no room for more traces: {why}; {hint}", limit="traces", after_s=1)

    def _follow(self, added: AddedTraces) -> None:
        late, journal = added.late, self._journal
        if self._late_edit and late:
            late, _ = self._late_edit.apply(late)
        if journal and (added.pairs or added.finished or late):
            self._outbox.put(Parcel(late, lambda: journal.handed_on_late(added.finished, added.pairs)))
        elif late:
            self._outbox.put(Parcel(late, lambda: None))
        if late:
            self._outbox.hand_on(self._next)

    def _restore(self, journal: Journal, restored: Restored) -> None:
        key, number, batch, again = restored.key, restored.number, restored.batch, restored.again
        if again:
            ids = again.trace_ids()
            pairs = pairs_of({ids[at : at + 16] for at in range(0, len(ids), 16)}, number)
            self._outbox.put(Parcel(again.with_metadata({}), lambda: journal.handed_on_late([], pairs)))
        if not batch:
            self._outbox.put(Parcel(None, lambda: journal.handed_on_late([key], b"")))
            return
        masks = [mask(batch) for mask in self._masks]
        try:
            added = self._buffer.add(batch, self.now_us(), journaled=(key, number), masks=masks)
        except BufferFull as error:
            self.ctx.log.error("%d spans of the last run stay on disk: %s", batch.items, error)
            return
        self._follow(added)

    def _report(self) -> None:
        """Say once a minute that more waits than was meant to."""
        now, stats = self.ctx.clock.monotonic(), self._buffer.stats()
        overflows = stats["traces"] > self._limits.num_traces
        if not (overflows or stats["disk_bytes"]) or now < self._reported_s:
            return
        self._reported_s = now + _REPORT_S
        self.ctx.log.warning(
            "%d traces wait (num_traces: %d) in %d MiB of memory and %d MiB on disk; none is evicted, "
            "budget_bytes (%d MiB) and spill_bytes (%d MiB) decide",
            stats["traces"], self._limits.num_traces, stats["memory_bytes"] >> 20, stats["disk_bytes"] >> 20,
            self._limits.budget_bytes >> 20, self._limits.spill_bytes >> 20,
        )  # fmt: skip


def _decisions(ids: bytes, fates: bytes) -> bytes:
    """Ids and fates of those that don't wait on, 17 bytes each."""
    decided = ((ids[16 * row : 16 * row + 16], fate) for row, fate in enumerate(fates) if fate != FATE_WAIT_ON)
    return b"".join(trace_id + bytes((fate,)) for trace_id, fate in decided)
