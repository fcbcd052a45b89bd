"""`read`: raw samples for another Prometheus or a long-term store that reads through it, in one piece or streamed."""

from collections.abc import Generator, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ..._core import prometheus_chunks, snappy
from ...query.metrics_reader import MetricsReader
from ...query.promql.arrays import holds
from ...query.promql.ast import Matcher, Selector
from ...query.promql.histograms import Histogram
from ...query.promql.storage import Group as Samples
from ...query.promql.text import text_of
from ...server.endpoint import Answer, Headers, Response, Stream
from ...server.request import HttpError, Request
from ...server.router import Group, Route, plain_error
from ...storage.request_tenant import tenant
from ...wire.prometheus import read as wire
from ..errors import as_http_errors

_HEADERS = (("content-type", "application/x-protobuf"), ("content-encoding", "snappy"))
_STREAMED = (("content-type", "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse"),)
_CHUNK_SAMPLES = 120
_PIECE_BYTES = 2**16
"""So much is sent at once."""


class RemoteRead:
    """The route over a reader of metrics. `external`: labels that all series get unless they have them."""

    def __init__(self, reader: MetricsReader, max_samples: int, external: Mapping[str, str]) -> None:
        self._reader = reader
        self._max_samples = max_samples
        self._external = external

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("POST", "/api/v1/read", self.read)], plain_error)

    def read(self, request: Request) -> Answer:
        """All that its queries ask for; the server took off the request's compression."""
        try:
            queries, streamed = wire.read_request(request.body)
        except ValueError as error:
            raise HttpError(400, str(error)) from error
        with as_http_errors(), self._reader.turn():
            left = self._max_samples
            found: list[list[Samples]] = []
            for query in queries:
                found.append(self._select(tenant(request), query))
                left -= sum(each.values.size for each in found[-1])
                if left < 0:
                    raise HttpError(400, f"exceeded sample limit ({self._max_samples})")
        if streamed:
            return Stream(_STREAMED, self._frames(found))
        results = (
            wire.result(self._as_samples(each) for group in groups for each in self._series(group)) for groups in found
        )
        return Response(200, _HEADERS, snappy(b"".join(results)))

    def _frames(self, found: list[list[Samples]]) -> Generator[bytes, None, Headers]:
        """One series after the other, in the order of their labels, as whoever merges several answers expects."""
        pieces = list[bytes]()
        for number, groups in enumerate(found):
            for each in sorted((each for group in groups for each in self._series(group)), key=lambda one: one.labels):
                histograms = [(time, wire.native(time, native)) for time, native in each.natives]
                times, values = each.times.astype("<i8").tobytes(), np.ascontiguousarray(each.values, "<f8").tobytes()
                chunks = prometheus_chunks(times, values, histograms, _CHUNK_SAMPLES)
                pieces += wire.frames(each.labels, chunks, number)
                if sum(map(len, pieces)) > _PIECE_BYTES:
                    yield b"".join(pieces)
                    pieces = []
        if pieces:
            yield b"".join(pieces)
        return ()

    def _select(self, whose: str, query: wire.Query) -> list[Samples]:
        matchers = tuple(
            Matcher(operator, name, "" if operator == "=" and self._external.get(name) == value else value)
            for name, operator, value in query.matchers
        )
        source = self._reader.storage(whose, text_of(Selector(matchers)))
        groups = source.select(matchers, query.start_ms - 1, query.end_ms)
        return [each.between(query.start_ms - 1, query.end_ms) for each in groups]

    def _series(self, group: Samples) -> Iterator["_Series"]:
        if not len(group.timestamps):
            return
        for column, own in enumerate(group.labels):
            labels = sorted({**self._external, **dict(own)}.items())
            times, values, natives = group.timestamps, group.values[:, column], list[tuple[int, Histogram]]()
            if group.histograms is not None:
                cells = group.histograms[:, column]
                there = holds(cells)
                at = zip(times[there].tolist(), cells[there], strict=True)
                natives = [(time, each) for time, each in at if isinstance(each, Histogram)]
                times, values = times[~there], values[~there]
            yield _Series(labels, times, values, natives)

    def _as_samples(self, each: "_Series") -> bytes:
        histograms = b"".join(wire.histogram(time, native) for time, native in each.natives)
        return wire.time_series(each.labels, wire.samples(each.times, each.values), histograms)


class _Series(NamedTuple):
    labels: list[tuple[str, str]]
    times: np.ndarray
    values: np.ndarray
    natives: list[tuple[int, Histogram]]
