"""Spreads batches over the backends of the moment, and moves what waits when these change.

A batch is split by the ring; every part waits in its backend's own queue. Room is set apart in all queues before
anything is put into one of them, so a batch is taken whole or not at all. When the ring changes, what waits for a
backend that lost it is split again by the new ring and waits there, even beyond the bounds: it was accepted. What is
under way then is moved if its send fails.

Before the first backends are known, a stand-in has the whole ring. It takes what comes, and loses it to them.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from ...component import Context, OtelierError, Permanent, QueueStore, Refused, Retryable
from ...sending import Parcel, PartlySent, Sent, StoredBatch, UnreadableError, loaded, restored
from ...telemetry import Batch, items_suffix
from .backend import Backend, labels_of, outcome_of
from .health import Health
from .settings import LoadBalancingConfig
from .table import Table

_SIDE_BY_SIDE = 32


class Balancer:
    """The backends and who gets what."""

    def __init__(self, ctx: Context, cfg: LoadBalancingConfig, key: str, resolver: str) -> None:
        """`resolver` is its name in metrics."""
        self._ctx = ctx
        self._cfg = cfg
        self._key = key
        self._labels = {"resolver": resolver, **labels_of(ctx)}
        self._lock = threading.RLock()
        """One change of the ring, and one move, at a time."""
        self._listed: dict[str, Backend] = {}
        self._retired: list[Backend] = []
        self._stopping = False
        self._store: QueueStore | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._started = False
        self._make_instruments()

    # -- the way of a batch -------------------------------------------------------------------

    def spread(self, batch: Batch, timeout_s: float) -> Sent:
        """Give each backend its part. Raises Permanent, Retryable, or PartlySent if some have got theirs."""
        while True:
            table = self._table
            parts = table.split(batch)
            try:
                return self._queue(parts) if self._stand_in.has_queue else self._send(parts, timeout_s)
            except Refused as error:
                if error.limit != "stopping" or table is self._table:
                    raise  # otherwise a backend went between the split and now

    def _queue(self, parts: Sequence[tuple[Backend, Batch]]) -> Sent:
        admitted: list[tuple[Backend, Batch]] = []
        try:
            for backend, part in parts:
                backend.path.admit(part)
                admitted.append((backend, part))
        except OtelierError:
            for backend, part in admitted:
                backend.path.dismiss(part)
            raise
        for at, (backend, part) in enumerate(parts):
            try:
                backend.path.keep(part)
            except Refused as error:
                if error.limit == "stopping" and self._place(part, backend):
                    continue
                for other, rest in parts[at + 1 :]:
                    other.path.dismiss(rest)
                if not at:
                    raise
                rest = Batch.join([rest for _, rest in parts[at:]])
                items = sum(part.items for _, part in parts[:at])
                raise PartlySent(str(error), sent=Sent(), items=items, rest=rest) from error
        for backend, _ in parts:
            backend.pace()
        return Sent()

    def _send(self, parts: Sequence[tuple[Backend, Batch]], timeout_s: float) -> Sent:
        limit = min(timeout_s, self._cfg.protocol.otlp.timeout or timeout_s)
        if len(parts) == 1 or self._pool is None:
            outcomes = [outcome_of(backend, part, limit) for backend, part in parts]
        else:
            backends, shares = zip(*parts, strict=True)
            outcomes = list(self._pool.map(outcome_of, backends, shares, [limit] * len(parts)))
        together = list(zip(outcomes, (part for _, part in parts), strict=True))
        failed = [(error, part) for error, part in together if isinstance(error, Retryable)]
        never = [(error, part) for error, part in together if isinstance(error, Permanent)]
        if len(never) == len(parts):
            raise never[0][0]
        taken = [sent for sent in outcomes if isinstance(sent, Sent)]
        rejected = sum(sent.rejected for sent in taken) + sum(part.items for _, part in never)
        texts = [sent.message for sent in taken if sent.message] + [str(error) for error, _ in never]
        sent = Sent(rejected, "; ".join(texts))
        if not failed:
            return sent
        if len(failed) == len(parts):
            raise failed[0][0]
        rest = Batch.join([part for _, part in failed])
        items = sum(part.items for _, part in parts) - rest.items
        error = failed[0][0]
        raise PartlySent(str(error), sent=sent, items=items, rest=rest, after_s=error.after_s)

    # -- changes ------------------------------------------------------------------------------

    def resolved(self, endpoints: Sequence[str]) -> None:
        """These are all backends from now on. None at all changes nothing: there is nowhere better to send to."""
        self._resolutions.add(1, success="true", **self._labels)
        wanted = sorted(set(endpoints))
        with self._lock:
            if self._stopping or wanted == sorted(self._listed):
                return
            if not wanted:
                self._ctx.log.warning("the resolver finds no backend; those known before stay in use")
                return
            self._let_go()
            listed: dict[str, Backend] = {}
            for endpoint in wanted:
                try:
                    listed[endpoint] = self._listed.get(endpoint) or self._backend(endpoint)
                except ValueError as error:  # such as a TLS file that is no longer there
                    self._ctx.log.error("%s can't be used: %s", endpoint, error)
            if not listed or listed.keys() == self._listed.keys():
                return
            for endpoint in listed.keys() - self._listed.keys():
                listed[endpoint].start()
            self._retired += [self._listed[endpoint] for endpoint in self._listed.keys() - listed.keys()]
            self._listed = listed
            self._updates.add(1, **self._labels)
            self._ctx.log.info("backends: %s", ", ".join(listed))
            self._health.watch(listed)
            self._change("removed")

    def unresolved(self, error: str) -> None:
        """A lookup failed; the backends stay as they were."""
        self._resolutions.add(1, success="false", **self._labels)
        self._ctx.log.warning("can't look up the backends: %s", error)

    def _health_changed(self) -> None:
        with self._lock:
            if not self._stopping:
                self._change("unhealthy")

    def _change(self, reason: str) -> None:
        """Make the ring anew and let what waits follow it."""
        old, out = self._table.backends, self._health.out
        listed = [self._listed[endpoint] for endpoint in sorted(self._listed)]
        # If all are out, to wait for any of them is as good.
        members = [backend for backend in listed if backend.endpoint not in out] or listed
        if members == list(old):
            return
        self._table = self._table_of(members)
        for backend in old:
            if backend not in members:
                self._empty(backend, reason)
        # Without newcomers nothing moves between those that stay.
        if self._table.keyed and not set(members) <= set(old):
            for backend in members:
                if backend in old:
                    self._empty(backend, "ring")

    def _empty(self, backend: Backend, reason: str) -> None:
        if not backend.has_queue:
            return
        closed = backend is self._stand_in or backend in self._retired
        for parcel in backend.path.withdraw(close=closed):
            try:
                batch = loaded(parcel.batch)
            except UnreadableError as error:
                backend.path.unreadable(parcel, error)
                continue
            parts = self._table.split(batch)
            as_it_is = len(parts) == 1 and isinstance(parcel.batch, StoredBatch)
            for owner, part in parts:
                owner.path.adopt(parcel.batch if as_it_is else part)
                if owner is not backend:
                    self._moved(part, reason)
            backend.path.withdrawn(parcel, stored_elsewhere=as_it_is)

    def _move(self, backend: Backend, parcel: Parcel) -> bool:
        """For what could not be sent; see `sending.path.Move`."""
        with self._lock:
            batch = parcel.batch
            assert isinstance(batch, Batch), "it was to be sent"
            if self._stopping or self._table.belongs(backend, batch):
                return False
            return parcel.claim() and self._place(batch, backend)

    def _place(self, batch: Batch, backend: Backend) -> bool:
        """Queue by the ring what has lost its place at a backend; False if all is stopping."""
        with self._lock:
            if self._stopping:
                return False
            for owner, part in self._table.split(batch):
                owner.path.adopt(part)
            if self._listed.get(backend.endpoint) is not backend:
                reason = "removed"
            else:
                reason = "ring" if backend in self._table.backends else "unhealthy"
            self._moved(batch, reason)
            return True

    def _let_go(self) -> None:
        """Of backends that an earlier change removed, and that have nothing left."""
        done = [backend for backend in self._retired if not backend.has_queue or backend.path.drained]
        for backend in done:
            self._retired.remove(backend)
            backend.let_go()

    # -- life ---------------------------------------------------------------------------------

    def start(self, store: QueueStore | None) -> None:
        """Take what comes from now on. `store` keeps the backends' queues, and what an earlier process left is sent
        again by whom it belongs to now."""
        self._started = True
        self._store = store
        self._stand_in = self._backend("")
        self._stand_in.start()
        self._table = self._table_of([self._stand_in])
        self._health = Health(self._ctx, self._cfg.health, self._probe, self._health_changed)
        if not self._stand_in.has_queue:
            self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, f"otelier:{self._ctx.id}:send")
        for batch in restored(store) if store else ():
            self._stand_in.path.adopt(batch, restored=True)
        read = self._read_backends
        self._forget = self._ctx.meter.observe(
            "otelcol_loadbalancer_num_backends", "gauge", "{backends}", "Backends in the ring.", read
        )

    def prepare_stop(self, deadline: float) -> None:
        """Waits and retries end by then."""
        for backend in self._all() if self._started else ():
            backend.path.prepare_stop(deadline)

    def stop(self, deadline: float) -> None:
        """Send what waits until `deadline`."""
        if not self._started:
            return
        self._health.stop()
        with self._lock:
            self._stopping = True
        # Side by side, or one that hangs would take the time of all.
        stops = [threading.Thread(target=backend.stop, args=(deadline,), daemon=True) for backend in self._all()]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        if self._pool:
            self._pool.shutdown(wait=False)
        if self._store:
            self._store.close()
        self._forget()

    def _all(self) -> list[Backend]:
        with self._lock:
            return [self._stand_in, *self._listed.values(), *self._retired]

    def _backend(self, endpoint: str) -> Backend:
        template = self._cfg.protocol.otlp
        return Backend(
            self._ctx,
            endpoint,
            template,
            heard=self._heard,
            move=self._move,
            store=self._store,
            queued=self._cfg.queued,
        )

    def _table_of(self, backends: Sequence[Backend]) -> Table:
        return Table(backends, self._key, self._cfg.routing_attributes, self._cfg.ring)

    def _heard(self, endpoint: str, answered: bool) -> None:
        self._health.heard(endpoint, answered)

    def _probe(self, endpoint: str, kind: str, timeout_s: float, anew: bool) -> str:
        backend = self._listed.get(endpoint)
        if backend is None:
            return "no longer known"
        return backend.probe_anew(kind, timeout_s) if anew else backend.probe(kind, timeout_s)

    # -- telemetry ----------------------------------------------------------------------------

    def _make_instruments(self) -> None:
        meter = self._ctx.meter
        self._resolutions = meter.counter(
            "otelcol_loadbalancer_num_resolutions", "{resolutions}", "Lookups of the backends, by success."
        )
        self._updates = meter.counter(
            "otelcol_loadbalancer_num_backend_updates", "{updates}", "Lookups that found other backends than before."
        )

    def _moved(self, batch: Batch, reason: str) -> None:
        suffix = items_suffix(batch.signal)
        text = f"{suffix} that waited for one backend and were moved to another, by why."
        counter = self._ctx.meter.counter(f"otelier_loadbalancer_rerouted_{suffix}", "{item}", text)
        counter.add(batch.items, exporter=str(self._ctx.id), reason=reason)

    def _read_backends(self) -> list[tuple[dict[str, str], float]]:
        known = [backend for backend in self._table.backends if backend is not self._stand_in]
        return [(self._labels, len(known))]
