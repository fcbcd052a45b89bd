"""`read`: raw samples for another Prometheus or a long-term store that reads through it."""

from collections.abc import Mapping

from ..._core import snappy
from ...query.metrics_reader import MetricsReader
from ...query.promql.arrays import holds
from ...query.promql.ast import Matcher, Selector
from ...query.promql.histograms import Histogram
from ...query.promql.storage import Group as Samples
from ...query.promql.text import text_of
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route, plain_error
from ...storage.request_tenant import tenant
from ...wire.prometheus import read as wire
from ..errors import as_http_errors

_HEADERS = (("content-type", "application/x-protobuf"), ("content-encoding", "snappy"))


class RemoteRead:
    """The route over a reader of metrics. `external`: labels that all series get unless they have them."""

    def __init__(self, reader: MetricsReader, max_samples: int, external: Mapping[str, str]) -> None:
        self._reader = reader
        self._max_samples = max_samples
        self._external = external

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("POST", "/api/v1/read", self.read)], plain_error)

    def read(self, request: Request) -> Response:
        """All that its queries ask for; the server took off the request's compression."""
        try:
            queries = wire.read_request(request.body)
        except ValueError as error:
            raise HttpError(400, str(error)) from error
        with as_http_errors(), self._reader.turn():
            left = self._max_samples
            results: list[bytes] = []
            for query in queries:
                groups = self._select(tenant(request), query)
                left -= sum(each.values.size for each in groups)
                if left < 0:
                    raise HttpError(400, f"exceeded sample limit ({self._max_samples})")
                results.append(wire.result(self._series(each) for each in groups))
        return Response(200, _HEADERS, snappy(b"".join(results)))

    def _select(self, whose: str, query: wire.Query) -> list[Samples]:
        matchers = tuple(
            Matcher(operator, name, "" if operator == "=" and self._external.get(name) == value else value)
            for name, operator, value in query.matchers
        )
        source = self._reader.storage(whose, text_of(Selector(matchers)))
        groups = source.select(matchers, query.start_ms - 1, query.end_ms)
        return [each.between(query.start_ms - 1, query.end_ms) for each in groups]

    def _series(self, group: Samples) -> bytes:
        found: list[bytes] = []
        for column, own in enumerate(group.labels):
            labels = sorted({**self._external, **dict(own)}.items())
            times, values, histograms = group.timestamps, group.values[:, column], b""
            if group.histograms is not None:
                natives = group.histograms[:, column]
                there = holds(natives)
                at = zip(times[there].tolist(), natives[there], strict=True)
                histograms = b"".join(wire.histogram(time, each) for time, each in at if isinstance(each, Histogram))
                times, values = times[~there], values[~there]
            if len(group.timestamps):
                found.append(wire.time_series(labels, wire.samples(times, values), histograms))
        return b"".join(found)
