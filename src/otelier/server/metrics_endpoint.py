"""The page that Prometheus scrapes: Otelier's own metrics at `/metrics`."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from .._core import __version__
from ..component import Meter
from .address import Address
from .endpoint import HttpEndpoint, HttpRequest, Response
from .exposition import OPENMETRICS, TEXT, Naming, wants_openmetrics, write
from .http import HttpServerSettings

_PATH = "/metrics"


class PrometheusReader(Naming):
    """`pull.exporter.prometheus`: an endpoint that Prometheus scrapes."""

    host: str = "localhost"
    """Address to listen at; empty: all addresses."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8888
    """TCP port; 0: any free one."""


class MetricsEndpoint:
    """Serves all metrics of a meter; `resource` says who we are."""

    def __init__(self, meter: Meter, reader: PrometheusReader, resource: Mapping[str, str]) -> None:
        self._meter = meter
        self._naming = reader
        self._resource = dict(resource)
        settings = HttpServerSettings(endpoint=str(Address(reader.host.strip("[]"), reader.port)))
        self._endpoint = HttpEndpoint(settings, self._answer, "otelier:metrics")

    def start(self) -> None:
        """Raises StartError."""
        self._endpoint.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        return self._endpoint.address

    def stop(self) -> None:
        """Answer what is under way, then close."""
        self._endpoint.stop()

    def _answer(self, request: HttpRequest) -> Response:
        if request.path != _PATH:
            return Response(404, (("content-type", "text/plain"),), f"metrics are at {_PATH}\n".encode())
        if request.method not in ("GET", "HEAD"):
            return Response(405, (("allow", "GET, HEAD"),))
        return metrics_page(self._meter, self._naming, self._resource, request.headers.get("accept", ""))


def metrics_page(meter: Meter, naming: Naming, resource: Mapping[str, str], accept: str) -> Response:
    """All metrics in the format that the header `Accept` asks for."""
    openmetrics = wants_openmetrics(accept, bare=naming.without_type_suffix)
    page = write(
        meter.collect(), openmetrics=openmetrics, naming=naming, resource=resource, scope=("otelier", __version__)
    )
    return Response(200, (("content-type", OPENMETRICS if openmetrics else TEXT),), page)
