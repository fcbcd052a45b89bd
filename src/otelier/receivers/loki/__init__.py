"""loki: take logs by Loki's push API, as Promtail, Alloy, Fluent Bit and Docker's driver send them.

`POST /loki/api/v1/push` (and Promtail's older path) in JSON or in protobuf. The sender is answered when the pipelines
have answered: 204, or 503 "try again" when they are full, 400 for what can't be read. A stream's labels become
attributes of a resource, so that they are labels of a stream again where Otelier's store is asked.
"""

from collections.abc import Iterable

from ...component import BoundCounter, Config, OtelierError, Receiver, Rejected, Retryable, receiver
from ...server.endpoint import HttpEndpoint, Response
from ...server.http import HttpServerSettings
from ...server.request import HttpError, Request
from ...server.router import Group, Route, Router, plain_error
from ...telemetry import Batch, DecodeError
from .push import PushError, as_otlp, read_json, read_protobuf

_THREADS = 2
_PATHS = ("/loki/api/v1/push", "/api/prom/push")


class LokiHttpSettings(HttpServerSettings):
    endpoint: str = "localhost:3500"
    """`host:port` to listen at; without a host: all addresses."""


class LokiProtocols(Config):
    """`protocols`: how clients may send; HTTP is the one that there is."""

    http: LokiHttpSettings | None = None
    """Loki's push API over HTTP."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The one protocol."""
        if self.http is None:
            yield "", "must name the protocol http"


class LokiConfig(Config):
    protocols: LokiProtocols
    """Which protocols to speak, and where."""
    use_incoming_timestamp: bool = False
    """Whether entries keep the times that they come with; else their time is that of their arrival."""

    def gives_metadata(self) -> bool:
        return bool(self.protocols.http and self.protocols.http.include_metadata)


@receiver("loki", signals=("logs",), stability="beta")
class Loki(Receiver):
    cfg: LokiConfig

    def setup(self) -> None:
        assert self.cfg.protocols.http
        self._settings = self.cfg.protocols.http
        routes = [Route("POST", path, self._push) for path in _PATHS]
        routes.append(Route("GET", "/ready", _ready))
        name = f"otelier:{self.ctx.id}"
        self._endpoint = HttpEndpoint(self._settings, Router([Group(routes, plain_error)]), name, threads=_THREADS)
        self._counters: dict[str, BoundCounter] = {}

    def start(self) -> None:
        for warning in self._settings.warnings():
            self.ctx.log.warning("http: %s", warning)
        for outcome, what in (
            ("accepted", "taken by the pipelines"),
            ("refused", "refused by the pipelines, or that can't be read"),
            ("failed", "lost to an error inside Otelier"),
        ):
            counter = self.ctx.meter.counter(
                f"otelcol_receiver_{outcome}_log_records", "{item}", f"log_records {what}."
            )
            self._counters[outcome] = counter.bind(receiver=str(self.ctx.id), transport="http")
        self._endpoint.start()
        host, port = self._endpoint.address
        self.ctx.log.info("listening for Loki's push API at %s:%s", host, port)

    def address(self) -> tuple[str, int]:
        """Host and port. Only after `start`."""
        return self._endpoint.address

    def stop(self, deadline: float) -> None:
        self._endpoint.stop(max(deadline - self.ctx.clock.monotonic(), 0.0))

    def _push(self, request: Request) -> Response:
        batch = self._batch(request)
        try:
            if batch:
                self.outputs["logs"].consume(batch)
        except Retryable as error:
            self._counters["refused"].add(batch.items)
            raise HttpError(503, str(error), (("retry-after", str(max(round(error.after_s or 1), 1))),)) from error
        except Rejected as error:
            self._counters["accepted"].add(batch.items - error.items)
            self._counters["refused"].add(error.items)
        except OtelierError as error:
            self._counters["refused"].add(batch.items)
            raise HttpError(400, str(error)) from error
        except BaseException:
            self._counters["failed"].add(batch.items)
            raise
        else:
            self._counters["accepted"].add(batch.items)
        return Response(204)

    def _batch(self, request: Request) -> Batch:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        read = {"application/json": read_json, "application/x-protobuf": read_protobuf, "": read_protobuf}.get(kind)
        if read is None:
            raise HttpError(415, f"content type {kind!r} is not taken: use application/json or application/x-protobuf")
        now_ns = self.ctx.clock.time_ns()
        try:
            body = as_otlp(read(request.body), now_ns, keep_times=self.cfg.use_incoming_timestamp)
            batch = Batch.from_otlp("logs", body)
        except (PushError, DecodeError) as error:
            raise HttpError(400, str(error)) from error
        return batch.with_metadata(_metadata(request)) if self._settings.include_metadata else batch


def _metadata(request: Request) -> dict[str, tuple[str, ...]]:
    return {name: (value,) for name, value in request.headers.items()}


def _ready(_request: Request) -> Response:
    return Response(200, (("content-type", "text/plain; charset=utf-8"),), b"ready\n")
