"""health_check: answer 200 while all pipelines run, 503 before and while they stop.

For probes of load balancers and Kubernetes. It tells whether the process takes data, not whether backends do.
"""

import json
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from ..component import Config, Duration, Extension, extension
from ..server.endpoint import HttpEndpoint, HttpRequest, Response
from ..server.http import HttpServerSettings

_NEVER = "0001-01-01T00:00:00Z"


class ResponseBody(Config):
    """`response_body`: texts instead of the JSON object."""

    healthy: str = ""
    """Body of a 200."""
    unhealthy: str = ""
    """Body of a 503."""


class CheckCollectorPipeline(Config):
    """`check_collector_pipeline`: accepted without effect, as in the Collector."""

    enabled: bool = False
    """Accepted without effect."""
    interval: Duration = Duration(300)
    """Accepted without effect."""
    exporter_failure_threshold: Annotated[int, Meta(ge=0)] = 5
    """Accepted without effect."""


class HealthCheckConfig(HttpServerSettings):
    endpoint: str = "localhost:13133"
    """`host:port` to listen at; without a host: all addresses."""
    path: Annotated[str, Meta(pattern="^/")] = "/"
    """Path of the answer; `/` answers at every path."""
    response_body: ResponseBody | None = None
    """Texts instead of the JSON object."""
    check_collector_pipeline: CheckCollectorPipeline = CheckCollectorPipeline()
    """Accepted without effect."""


@extension("health_check", stability="beta")
class HealthCheck(Extension):
    cfg: HealthCheckConfig

    def setup(self) -> None:
        self._endpoint: HttpEndpoint | None = None
        self._ready_at: float | None = None
        self._up_since = _NEVER

    def start(self) -> None:
        for warning in self.cfg.warnings():
            self.ctx.log.warning("%s", warning)
        self._endpoint = HttpEndpoint(self.cfg, self._answer, f"otelier:{self.ctx.id}")
        self._endpoint.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        assert self._endpoint, "not started"
        return self._endpoint.address

    def notify_ready(self) -> None:
        now_ns = self.ctx.clock.time_ns()
        moment = datetime.fromtimestamp(now_ns // 10**9, UTC)
        self._up_since = f"{moment:%Y-%m-%dT%H:%M:%S}.{now_ns % 10**9:09d}Z"
        self._ready_at = self.ctx.clock.monotonic()

    def notify_stopping(self) -> None:
        self._ready_at = None

    def stop(self, deadline: float) -> None:
        if self._endpoint:
            self._endpoint.stop()
            self._endpoint = None

    def _answer(self, request: HttpRequest) -> Response:
        if self.cfg.path not in ("/", request.path):
            return Response(404)
        ready_at = self._ready_at
        status = 200 if ready_at is not None else 503
        if self.cfg.response_body:
            text = self.cfg.response_body.healthy if status == 200 else self.cfg.response_body.unhealthy
            return Response(status, (("content-type", "text/plain; charset=utf-8"),), text.encode())
        body = {
            "status": "Server available" if ready_at is not None else "Server not available",
            "upSince": self._up_since if ready_at is not None else _NEVER,
            "uptime": "" if ready_at is None else _go_duration(self.ctx.clock.monotonic() - ready_at),
        }
        return Response(status, (("content-type", "application/json"),), json.dumps(body).encode())


def _go_duration(seconds: float) -> str:
    """As Go prints it: 2h3m4.5s, without leading zero units."""
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "") + f"{rest:.10g}s"
