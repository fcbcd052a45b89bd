"""The one path of every exporter: queue → batch → retry → time-out → send in parts → partial success → counters.

`SendPath.consume` and `SendPath._deliver` are all of it. Each item ends in exactly one counter:
`otelcol_exporter_sent_*`, `otelcol_exporter_send_failed_*{reason}` or, if it was never taken,
`otelcol_exporter_enqueue_failed_*{reason}`; or in `otelier_exporter_left_items`, if it stays on disk for the next
process (`sending_queue.storage`), where it begins in `otelier_exporter_restored_items`.

An exporter that spreads has a path for each backend (`movable.py`) and one in front that `hands_on`; what of a batch is
done, and what is left, it tells by `PartlySent`.
"""

import math
import threading
from typing import NoReturn

from ..component import (
    FORWARDS,
    Context,
    Custody,
    CustodyKind,
    OtelierError,
    Permanent,
    QueueStore,
    Refused,
    Rejected,
    Retryable,
    find_storage,
)
from ..telemetry import Batch, item_name
from .consumers import Consumers
from .counters import SendCounters
from .outcome import PartlySent, Send, Sent, StaysError
from .parcel import Parcel
from .parts import InParts
from .queue import Queue
from .retry import delays
from .settings import SendSettings
from .stored import StoredBatch

_MAX_WAIT_S = 24 * 3600.0
"""A backend may ask for any wait, even one that no timer can hold; after a day it's worth another try."""


class SendPath:
    """Takes batches for one exporter and gets them to its backend, or says why not."""

    def __init__(
        self, ctx: Context, settings: SendSettings, send: Send, *, answers: Custody = FORWARDS, hands_on: bool = False
    ) -> None:
        """`answers`: what a good answer of `send` means for the item, FORWARDS or that it is stored. `hands_on`: `send`
        gives to other paths, which count what becomes of it."""
        self._ctx = ctx
        self._settings = settings
        self._send = InParts(send, ctx.log)
        self._answers = answers
        self._counters = SendCounters(ctx)
        queue = settings.sending_queue
        wanted = queue.storage if queue.enabled else None
        self._storage = find_storage(ctx, wanted, "sending_queue.storage") if wanted else None
        self._hands_on = hands_on
        self._store: QueueStore | None = None
        self._queue: Queue | None = None
        self._consumers: Consumers | None = None
        self._lock = threading.Lock()
        self._in_flight = 0
        self._deadline = math.inf
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        """Ends waits between attempts."""
        self._stopped = threading.Event()

    # -- the path -----------------------------------------------------------------------------

    def consume(self, batch: Batch) -> None:
        """Queue a batch, or without a queue deliver it now. Raises what `Consumer.consume` raises."""
        if not batch:
            return
        if self._queue is None:
            self._deliver(Parcel(batch))
            return
        try:
            ticket = self._queue.put(batch)
        except OtelierError as error:
            self._counters.refused(batch, error.limit if isinstance(error, Refused) else "too_large")
            raise
        self._counters.queued(batch)
        self._hire()
        if self._settings.sending_queue.wait_for_result:
            ticket.wait()

    def _consume_queue(self) -> None:
        """A consumer's life: `take` joins what waits into one parcel if batching is on."""
        queue = self._queue
        while queue and (parcel := queue.take()) is not None:
            self._hire()
            try:
                self._deliver(parcel)
            except StaysError as error:
                queue.done(parcel, error, stays=True)
                self._tell_stays(parcel.batch.items + queue.leave_rest())
            except OtelierError as error:
                queue.done(parcel, error)
            except Exception as error:
                # A defect must neither end a consumer nor leave a sender waiting or items uncounted.
                self._ctx.log.exception("the send path has a defect")
                if parcel.claim():
                    self._counters.failed(parcel.batch, parcel.batch.items, "permanent")
                queue.done(parcel, Permanent(f"{type(error).__name__}: {error}"))
            else:
                queue.done(parcel)

    # -- delivery -----------------------------------------------------------------------------

    def _deliver(self, parcel: Parcel) -> None:
        """Offer a parcel until it is taken or given up; raises why it was given up."""
        if parcel.defect or not isinstance(parcel.batch, Batch):
            self._give_up(parcel, parcel.defect or Permanent("stored, but not read"), "unreadable")
        started = self._ctx.clock.monotonic()
        for delay_s in delays(self._settings.retry_on_failure):
            assert isinstance(parcel.batch, Batch)
            try:
                sent = self._attempt(parcel.batch)
            except Permanent as error:
                self._give_up(parcel, error, "permanent")
            except Retryable as error:
                self._note_parts(parcel, error)
                if self._moved(parcel):
                    return
                self._wait_for_next(parcel, error, delay_s, started)
                if self._moved(parcel):
                    return
            else:
                self._succeed(parcel, sent)
                return

    def _moved(self, parcel: Parcel) -> bool:
        """Whether what could not be sent has another place now."""
        del parcel
        return False

    def _note_parts(self, parcel: Parcel, error: Retryable) -> None:
        if isinstance(error, PartlySent) and parcel.shrink(error.rest):
            self._count(parcel.batch, error.items, error.sent)

    def _wait_for_next(self, parcel: Parcel, error: Retryable, delay_s: float, started: float) -> None:
        """Wait before the next attempt, or give up."""
        retry = self._settings.retry_on_failure
        if not retry.enabled:
            self._give_up(parcel, error, "no_retry")
        delay_s = min(max(delay_s, error.after_s or 0), _MAX_WAIT_S)
        if 0 < retry.max_elapsed_time < self._ctx.clock.monotonic() + delay_s - started:
            self._give_up(parcel, error, "retries_exhausted")
        self._ctx.log.info("sending failed, next attempt in %.1f s: %s", delay_s, error)
        if not self._pause(delay_s):
            if self._store and parcel.claim():
                raise StaysError(str(error)) from error
            self._give_up(parcel, error, "shutdown")

    def _attempt(self, batch: Batch) -> Sent:
        timeout_s = self._settings.timeout or math.inf
        with self._lock:
            self._in_flight += 1
        try:
            return self._send(batch, min(timeout_s, max(self._deadline - self._ctx.clock.monotonic(), 0)))
        except (Permanent, Retryable):
            raise
        except Exception as error:
            # A defect of one exporter must neither end its consumer nor leave items uncounted.
            self._ctx.log.exception("the exporter has a defect")
            raise Permanent(f"{type(error).__name__}: {error}") from error
        finally:
            with self._lock:
                self._in_flight -= 1

    def _pause(self, delay_s: float) -> bool:
        """Wait before the next attempt; False as soon as it is known that the stop's deadline comes first.

        What is stored need not be hurried out: a stop ends its wait at once.
        """
        clock = self._ctx.clock
        due = clock.monotonic() + delay_s
        if not clock.wait(self._hurry, delay_s) or not self._stopping.is_set():
            return True
        if self._store:
            return False
        return due < self._deadline and not clock.wait(self._stopped, due - clock.monotonic())

    def _succeed(self, parcel: Parcel, sent: Sent) -> None:
        if not parcel.claim():
            return  # `stop` has counted it as dropped
        self._count(parcel.batch, parcel.batch.items, sent)

    def _count(self, batch: Batch | StoredBatch, items: int, sent: Sent) -> None:
        """So many items are settled."""
        rejected = min(sent.rejected, items)
        if not self._hands_on:
            self._counters.sent(batch, items - rejected)
        if rejected:
            self._counters.failed(batch, rejected, "rejected")
            name = item_name(batch.signal, rejected)
            self._ctx.log.warning("the backend rejected %d %s (not sent again): %s", rejected, name, sent.message)
        elif sent.message:
            self._ctx.log.warning("the backend took all, and says: %s", sent.message)

    def _give_up(self, parcel: Parcel, error: OtelierError, reason: str) -> NoReturn:
        if parcel.claim():
            items = parcel.batch.items
            if isinstance(error, Refused) and isinstance(parcel.batch, Batch) and not (self._queue or parcel.partly):
                self._counters.refused(parcel.batch, error.limit)  # its sender is told, and still has it
                raise error
            self._counters.failed(parcel.batch, items, reason)
            self._ctx.log.error("sending failed, dropping data (%s, dropped_items=%d): %s", reason, items, error)
        if parcel.partly:
            raise Rejected(str(error), items=parcel.batch.items) from error
        raise error

    # -- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the queue; consumers start when there is work. Raises StartError if its storage can't be used."""
        settings = self._settings.sending_queue
        if settings.enabled:
            self._queue = self._open_queue()
            name = f"otelier:{self._ctx.id}"
            self._consumers = Consumers(self._queue, settings.num_consumers, name, self._consume_queue)
        self._counters.observe(lambda: 0 if self._hands_on else self._in_flight, self._queue)
        if self._queue and (items := self._queue.items):
            self._counters.restored(items)
            self._ctx.log.info("sending what waited at the last stop: %d items", items)
            self._hire()

    def _open_queue(self, *, restore: bool = True) -> Queue:
        """`restore`: with what an earlier process left. Raises StartError."""
        if self._storage:
            self._store = self._storage.open_queue(f"exporter/{self._ctx.id}/{self._ctx.signal or 'all'}")
        name, clock = f"otelier:{self._ctx.id}", self._ctx.clock
        return Queue(self._settings.sending_queue, clock, name, self._store, restore=restore)

    def prepare_stop(self, deadline: float) -> None:
        """Go on, but let no wait or retry last beyond `deadline`."""
        self._deadline = deadline
        if self._queue:
            self._queue.release_by(deadline)
        self._stopping.set()
        self._end_waits(for_good=True)

    def stop(self, deadline: float) -> None:
        """Send what waits until `deadline`; what is left then is dropped and counted, or stays in the store."""
        self.prepare_stop(deadline)
        if self._queue:
            self._queue.close()
            self._ctx.clock.wait(self._queue.drained, deadline - self._ctx.clock.monotonic())
        self._stopped.set()
        if self._queue:
            self._drop_rest(self._queue)
        self._close_store()
        self._counters.forget()

    def custody(self) -> Custody:
        """The queue answers for its items, unless the sender waits for the backend anyway."""
        queue = self._settings.sending_queue
        if not queue.enabled or queue.wait_for_result:
            return self._answers
        if self._storage:
            return Custody(CustodyKind.BUFFERS, self._storage.loss_window())
        most = f"up to {queue.queue_size} {queue.sizer} (at most {queue.queue_size_bytes / 2**20:g} MiB)"
        return Custody(CustodyKind.BUFFERS, f"what waits in the memory of the sending queue: {most}")

    def _hire(self) -> None:
        if self._consumers:
            self._consumers.hire()

    def _end_waits(self, *, for_good: bool) -> None:
        """Let nobody wait for the next attempt, now or from now on."""
        with self._lock:
            self._hurry.set()
            if not for_good and not self._stopping.is_set():
                self._hurry = threading.Event()

    def _close_store(self) -> None:
        if self._store:
            self._store.close()

    def _drop_rest(self, queue: Queue) -> None:
        dropped = stay = 0
        for parcel in queue.abandon():
            items = parcel.batch.items
            if self._store:
                stay += items if parcel.claim() else 0
            elif parcel.claim():
                dropped += items
                self._counters.failed(parcel.batch, items, "shutdown")
            queue.done(parcel, Retryable("the exporter was stopped"), stays=True)
        self._tell_stays(stay)
        if dropped:
            self._ctx.log.error("stopped before all was sent, dropping data (shutdown, dropped_items=%d)", dropped)

    def _tell_stays(self, items: int) -> None:
        if items:
            self._counters.left(items)
            self._ctx.log.info("stopped before all was sent, %d items stay on disk for the next start", items)
