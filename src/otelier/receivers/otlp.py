"""otlp: take traces, metrics and logs over OTLP/gRPC and OTLP/HTTP (protobuf and JSON).

The sender is answered when the pipelines have answered: success, or "try again" (Unavailable, 503) when they are
full, or an error when the data can never be taken. Requests are checked on arrival: what can't be decoded is
refused, an item with a bad id is left out and told by partial success, invalid UTF-8 is repaired and counted.
Small requests that wait at the same time go through the pipelines as one batch; each gets its own answer, and
if all refuse the batch for good, each is tried alone, so that one sender's data can't harm another's.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta

from ..component import (
    BoundCounter,
    Config,
    Consumer,
    Invalid,
    OtelierError,
    Permanent,
    Reading,
    Receiver,
    Rejected,
    Retryable,
    receiver,
)
from ..server.address import Address
from ..server.grpc import GrpcServerSettings
from ..server.http import HttpServerSettings
from ..server.listen import Delivery, Inbox, Options, Server, grpc_options, listen, otlp_http_options
from ..server.settings import ServerSettings
from ..telemetry import SIGNALS, Batch, Signal, items_suffix

_INBOX_BYTES = 64 * 2**20
"""Most request bytes that wait for a thread; further requests are told to try again."""
_DELIVERY_BYTES = 4 * 2**20
"""Small requests are taken together up to this size."""
_THREADS_PER_SIGNAL = 2
_WAIT_S = 60.0

_OUTCOMES = {"accepted": "success", "refused": "refused", "failed": "failure"}
_WHAT = {
    "accepted": "taken by the pipelines",
    "refused": "refused by the pipelines",
    "failed": "lost to an error inside Otelier",
}
_NATIVE: dict[str, tuple[str, Literal["counter", "gauge"], str, str]] = {
    "requests": ("otelcol_receiver_requests", "counter", "{request}", "Requests by how they ended."),
    "refused_requests": (
        "otelier_receiver_refused_requests", "counter", "{request}", "Requests that no pipeline saw, by reason."
    ),
    "rejected_items": (
        "otelier_receiver_rejected_items", "counter", "{item}", "Items left out of a request for a bad id."
    ),
    "repaired_strings": (
        "otelier_receiver_repaired_strings", "counter", "{string}", "Strings whose invalid UTF-8 was replaced."
    ),
    "received_bytes": ("otelier_receiver_received_bytes", "counter", "By", "Request bodies as sent."),
    "connections_refused": (
        "otelier_receiver_refused_connections", "counter", "{connection}", "Connections not served, by reason."
    ),
    "connections_open": ("otelier_receiver_open_connections", "gauge", "{connection}", "Connections open now."),
}  # fmt: skip
"""Metric, kind, unit and description of what the native server counts."""

_Path = Annotated[str, Meta(min_length=1)]


class OtlpGrpcSettings(GrpcServerSettings):
    endpoint: str = "localhost:4317"
    """`host:port` to listen at; without a host: all addresses."""


class OtlpHttpSettings(HttpServerSettings):
    endpoint: str = "localhost:4318"
    """`host:port` to listen at; without a host: all addresses."""
    traces_url_path: _Path = "/v1/traces"
    """Where traces are posted."""
    metrics_url_path: _Path = "/v1/metrics"
    """Where metrics are posted."""
    logs_url_path: _Path = "/v1/logs"
    """Where logs are posted."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Those of every HTTP server, and paths that are one."""
        yield from super().problems()
        paths = [path if path.startswith("/") else f"/{path}" for path in self.paths.values()]
        if len(set(paths)) < len(paths):
            yield "traces_url_path", "two signals have the same path"

    @property
    def paths(self) -> dict[Signal, str]:
        """Path of each signal."""
        return {"traces": self.traces_url_path, "metrics": self.metrics_url_path, "logs": self.logs_url_path}


class OtlpProtocols(Config):
    """`protocols`: a protocol is on when it is named, with or without keys of its own."""

    grpc: OtlpGrpcSettings | None = None
    """OTLP/gRPC."""
    http: OtlpHttpSettings | None = None
    """OTLP/HTTP."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """At least one protocol."""
        if self.grpc is None and self.http is None:
            yield "", "must name at least one protocol: grpc, http, or both"


class OtlpConfig(Config):
    protocols: OtlpProtocols
    """Which protocols to speak, and where."""

    def gives_metadata(self) -> bool:
        return any(each.include_metadata for each in (self.protocols.grpc, self.protocols.http) if each)


@receiver("otlp", signals=SIGNALS, stability="stable")
class Otlp(Receiver):
    cfg: OtlpConfig

    def setup(self) -> None:
        self._inbox = Inbox(_INBOX_BYTES)
        self._servers: dict[str, Server] = {}
        self._threads: list[threading.Thread] = []
        self._counters: dict[tuple[str, Signal, str], BoundCounter] = {}
        self._forget: list[Callable[[], None]] = []

    def start(self) -> None:
        signals: list[Signal] = [signal for signal in SIGNALS if signal in self.outputs]
        grpc, http = self.cfg.protocols.grpc, self.cfg.protocols.http
        if grpc:
            self._listen("grpc", grpc_options(grpc, signals), grpc)
        if http:
            self._listen("http", otlp_http_options(http, {signal: http.paths[signal] for signal in signals}), http)
        self._make_instruments(signals)
        for signal in signals:
            for number in range(_THREADS_PER_SIGNAL):
                name = f"otelier:{self.ctx.id}:{signal}:{number}"
                thread = threading.Thread(
                    target=self._serve, args=(signal, self.outputs[signal]), name=name, daemon=True
                )
                thread.start()
                self._threads.append(thread)

    def address(self, protocol: str) -> tuple[str, int]:
        """Host and port that a protocol (`grpc` or `http`) is served at. Only after `start`."""
        return self._servers[protocol].address

    def stop(self, deadline: float) -> None:
        stops = [threading.Thread(target=s.stop, args=(self._left(deadline),)) for s in self._servers.values()]
        for each in stops:
            each.start()
        for each in stops:
            each.join()
        self._inbox.close()
        for thread in self._threads:
            thread.join(self._left(deadline))
        for forget in self._forget:
            forget()
        self._forget.clear()

    def _left(self, deadline: float) -> float:
        return max(deadline - self.ctx.clock.monotonic(), 0.0)

    def _listen(self, protocol: str, options: Options, settings: ServerSettings) -> None:
        for warning in settings.warnings():
            self.ctx.log.warning("%s: %s", protocol, warning)
        self._servers[protocol] = server = listen(options, self._inbox, settings)
        host, port = server.address
        self.ctx.log.info("listening for OTLP/%s at %s", protocol, Address(host, port))

    # -- one delivery -------------------------------------------------------------------------

    def _serve(self, signal: Signal, output: Consumer) -> None:
        while True:
            delivery = self._inbox.receive(signal, _DELIVERY_BYTES, _WAIT_S)
            if delivery is not None:
                self._deliver(delivery, output)
            elif self._inbox.closed:
                return

    def _deliver(self, delivery: Delivery, output: Consumer) -> None:
        # Counted before it is answered, so that whoever has the answer finds it counted.
        batch = delivery.batch
        try:
            if batch:
                output.consume(batch)
        except Retryable as error:
            self._count("refused", delivery, batch, batch.items)
            delivery.refuse(str(error), retryable=True, retry_after_s=error.after_s)
        except Rejected as error:
            self._count("accepted", delivery, batch, batch.items - error.items)
            self._count("refused", delivery, batch, error.items)
            delivery.accept(error.items, str(error))
        except BaseException as error:  # noqa: BLE001 (neither a bug further down nor a panic ends this thread)
            # Whoever has taken the whole must not be offered its parts again.
            partly_taken = isinstance(error, Permanent) and error.partly_taken
            if delivery.requests > 1 and not partly_taken:
                for part in delivery.parts():
                    self._deliver(part, output)
                return
            self._fail(delivery, batch, error)
        else:
            self._count("accepted", delivery, batch, batch.items)
            delivery.accept()

    def _fail(self, delivery: Delivery, batch: Batch, error: BaseException) -> None:
        if isinstance(error, OtelierError):
            self._count("refused", delivery, batch, batch.items)
            delivery.refuse(str(error), retryable=False, invalid=isinstance(error, Invalid))
            return
        self.ctx.log.error("a component failed on %d items", batch.items, exc_info=error)
        self._count("failed", delivery, batch, batch.items)
        delivery.refuse("internal error: see the log of the receiver", retryable=False)

    # -- telemetry ----------------------------------------------------------------------------

    def _count(self, outcome: str, delivery: Delivery, batch: Batch, items: int) -> None:
        self._counters[outcome, batch.signal, delivery.transport].add(items)

    def _make_instruments(self, signals: Iterable[Signal]) -> None:
        for outcome, what in _WHAT.items():
            for signal in signals:
                suffix = items_suffix(signal)
                counter = self.ctx.meter.counter(f"otelcol_receiver_{outcome}_{suffix}", "{item}", f"{suffix} {what}.")
                for transport in self._servers:
                    bound = counter.bind(receiver=str(self.ctx.id), transport=transport)
                    self._counters[outcome, signal, transport] = bound
        for native, (name, kind, unit, description) in _NATIVE.items():
            read = partial(self._read, native)
            self._forget.append(self.ctx.meter.observe(name, kind, unit, description, read))

    def _read(self, wanted: str) -> Iterator[Reading]:
        for transport, server in self._servers.items():
            for name, labels, value in server.counters():
                if name == wanted:
                    if wanted == "requests":
                        labels["outcome"] = _OUTCOMES[labels["outcome"]]
                    yield {"receiver": str(self.ctx.id), "transport": transport, **labels}, value
