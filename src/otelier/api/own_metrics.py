"""Metrics of the query process itself, at `/metrics`."""

from ..component import Clock, Meter
from ..server.endpoint import Response
from ..server.exposition import Naming
from ..server.metrics_endpoint import metrics_page
from ..server.request import Request
from ..server.router import Group, Route, plain_error

_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class OwnMetrics:
    """Counts what routes answer, and shows it."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._seconds = meter.histogram(
            "otelier_query_duration", "s", "Time to answer a request, by route and status.", _BOUNDS_S
        )
        started = clock.monotonic()
        meter.observe(
            "otelier_query_uptime",
            "counter",
            "s",
            "Uptime of the process that answers queries.",
            lambda: [({}, clock.monotonic() - started)],
        )

    def observe(self, pattern: str, status: int, seconds: float) -> None:
        """An Observer of a Router."""
        self._seconds.bind(route=pattern, status=str(status)).record(seconds)

    def group(self) -> Group:
        """The page."""
        return Group([Route("GET", "/metrics", self._page)], plain_error)

    def _page(self, request: Request) -> Response:
        accept = request.headers.get("accept", "")
        return metrics_page(self._meter, Naming(), {"service.name": "otelier-query"}, accept)
