"""One backend: its client, and where backends have queues the path that its share waits in."""

from collections.abc import Callable

import msgspec

from ...component import Context, OtelierError, QueueStore, Retryable
from ...sending import GrpcSender, MovablePath, NoAnswer, Parcel, Sent
from ...telemetry import Batch
from .settings import OtlpTemplate

_DEFAULT_PORT = 4317
_CALM_BYTES = 8 * 2**20
_CALM_S = 0.05
_LATENCY_BOUNDS_MS = (5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000)


class Backend:
    """Takes its part of each batch. Without `endpoint` it stands for the backends that are not known yet."""

    def __init__(
        self,
        ctx: Context,
        endpoint: str,
        template: OtlpTemplate,
        *,
        heard: Callable[[str, bool], None],
        move: Callable[["Backend", Parcel], bool],
        store: QueueStore | None,
        queued: bool,
    ) -> None:
        """Connects when first used. `heard` is told of every send whether the backend answered, `move` asked where what
        could not be sent belongs now. Raises ValueError for options or files that can't be used."""
        self.endpoint = endpoint
        """As it was resolved: what the ring hashes."""
        self._clock = ctx.clock
        self._heard = heard
        self._ctx = ctx
        self._settings = msgspec.structs.replace(template, endpoint=dialled(endpoint))
        self._sender: GrpcSender | None = None
        self._works = False
        """The last send was taken."""
        if endpoint:
            self._sender = GrpcSender(ctx, self._settings)
            self._observe(ctx)
        queue = msgspec.structs.replace(template.sending_queue, storage=None)
        self.has_queue = queued
        settings = msgspec.structs.replace(template, sending_queue=queue)
        self.path = MovablePath(ctx, settings, self.send, store=store, move=lambda parcel: move(self, parcel))

    def start(self) -> None:
        """Make the queue, if there is one."""
        if self.has_queue:
            self.path.start()

    def send(self, batch: Batch, timeout_s: float) -> Sent:
        """Send to the backend. Raises Retryable or Permanent."""
        sender = self._sender
        if sender is None:
            raise Retryable(f"{self.endpoint} is no longer a backend" if self.endpoint else "no backend is known yet")
        began, answered, taken = self._clock.monotonic(), True, False
        try:
            sent = sender.send(batch, timeout_s)
            taken = True
            return sent
        except NoAnswer:
            answered = False
            raise
        finally:
            self._latency.record((self._clock.monotonic() - began) * 1e3)
            self._works = taken
            (self._taken if taken else self._refused).add(1)
            self._heard(self.endpoint, answered)

    def pace(self) -> None:
        """Let who gives wait a moment while the backend works but has much to do.

        Senders are answered when a part is queued, which is faster than it is sent: they would fill memory with what
        is sent a second later.
        """
        if self._works:
            self.path.calm(_CALM_BYTES, _CALM_S)

    def probe(self, kind: str, timeout_s: float) -> str:
        """Why the backend doesn't work; empty if it does."""
        assert self._sender, "a real one"
        return self._sender.check(timeout_s, any_answer=kind != "grpc")

    def probe_anew(self, kind: str, timeout_s: float) -> str:
        """The same over a new connection, which is kept if it works: the old client may wait before it connects."""
        fresh = GrpcSender(self._ctx, self._settings)
        if trouble := fresh.check(timeout_s, any_answer=kind != "grpc"):
            fresh.close()
            return trouble
        self._sender = fresh  # the old one ends with the last send that has it
        return ""

    def let_go(self) -> None:
        """Of one that was removed and has nothing left to send but what is on the wire, which ends in its own time."""
        if self.has_queue:
            self.path.stop(self._clock.monotonic())
        self._sender = None

    def stop(self, deadline: float) -> None:
        """Send what waits, then disconnect."""
        if self.has_queue:
            self.path.stop(deadline)
        if self._sender:
            self._sender.close()

    def _observe(self, ctx: Context) -> None:
        latency = ctx.meter.histogram(
            "otelcol_loadbalancer_backend_latency", "ms", "Time of each request to a backend.", _LATENCY_BOUNDS_MS
        )
        outcome = ctx.meter.counter(
            "otelcol_loadbalancer_backend_outcome", "{outcomes}", "Requests to a backend, by whether it took them."
        )
        labels = {"endpoint": self.endpoint, **labels_of(ctx)}
        self._latency = latency.bind(**labels)
        self._taken = outcome.bind(success="true", **labels)
        self._refused = outcome.bind(success="false", **labels)


def labels_of(ctx: Context) -> dict[str, str]:
    """Of the exporter's own metrics: without them, two that have the same kind of resolver would be added up."""
    return {"exporter": str(ctx.id)} | ({"data_type": ctx.signal} if ctx.signal else {})


def dialled(endpoint: str) -> str:
    """`host:port` of an endpoint as it was resolved."""
    host, colon, port = endpoint.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.endswith("]")):
        return endpoint
    bare = f"[{endpoint}]" if ":" in endpoint and not endpoint.endswith("]") else endpoint
    return f"{bare}:{_DEFAULT_PORT}"


def outcome_of(backend: Backend, batch: Batch, timeout_s: float) -> Sent | OtelierError:
    """What a send came to, errors as values: for parts that are sent side by side."""
    try:
        return backend.send(batch, timeout_s)
    except OtelierError as error:
        return error
