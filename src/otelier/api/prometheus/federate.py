"""`/federate`: the current value of all series that are asked for, as a page that another Prometheus scrapes.

Native histograms have no form in the text formats: those with custom buckets are written as classic ones, others are
left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ...component import Clock
from ...query.errors import BadQuery
from ...query.metrics_reader import MetricsReader
from ...query.promql.arrays import stale
from ...query.promql.ast import NAME, Selector
from ...query.promql.histograms import Histogram
from ...query.promql.labels import Labels, labels_of, value_of
from ...query.promql.numbers import general, shortest
from ...query.promql.storage import Group as Samples
from ...query.promql.text import text_of
from ...server.endpoint import Response
from ...server.exposition import OPENMETRICS, TEXT, wants_openmetrics
from ...server.request import HttpError, Request
from ...server.router import Group, Route, plain_error
from ...storage.request_tenant import tenant
from ..errors import as_http_errors
from . import parse as given_as
from .values import seconds

_INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class _Current:
    labels: Labels
    time_ms: int
    value: float
    histogram: Histogram | None


class Federation:
    """The route over a reader of metrics. `external`: labels that series get unless they have them."""

    def __init__(self, reader: MetricsReader, clock: Clock, lookback_ms: int, external: Mapping[str, str]) -> None:
        self._reader = reader
        self._clock = clock
        self._lookback_ms = lookback_ms
        self._external = {_INSTANCE: "", **external}

    def group(self) -> Group:
        """Its one route."""
        return Group([Route("GET", "/federate", self.page)], plain_error)

    def page(self, request: Request) -> Response:
        """Series that one of `match[]` fits, by name."""
        now_ms = given_as.now_ms(self._clock)
        try:
            selectors = given_as.selectors(request.query.all("match[]"))
        except BadQuery as error:
            raise HttpError(400, str(error)) from error
        found: dict[Labels, _Current] = {}
        with as_http_errors(), self._reader.turn():
            for matchers in selectors:
                source = self._reader.storage(tenant(request), text_of(Selector(matchers)))
                for group in source.select(matchers, now_ms - self._lookback_ms, now_ms):
                    for each in _current(group.between(now_ms - self._lookback_ms, now_ms)):
                        found[each.labels] = each
        openmetrics = wants_openmetrics(request.headers.get("accept", ""))
        lines = list(self._lines(sorted(found.values(), key=_order), openmetrics))
        if openmetrics:
            lines.append("# EOF")
        body = "".join(f"{line}\n" for line in lines).encode(errors="replace")
        return Response(200, (("content-type", OPENMETRICS if openmetrics else TEXT),), body)

    def _lines(self, series: list[_Current], openmetrics: bool) -> Iterator[str]:
        last = None
        for each in series:
            name = value_of(each.labels, NAME)
            if not name:
                continue
            kind = "untyped" if each.histogram is None else "histogram"
            if each.histogram is not None and not each.histogram.custom:
                continue
            if (name, kind) != last:
                last = (name, kind)
                yield f"# TYPE {_name(name)} {'unknown' if openmetrics and kind == 'untyped' else kind}"
            at = seconds(each.time_ms) if openmetrics else str(each.time_ms)
            own = {key: value for key, value in each.labels if key != NAME}
            labels = [*own.items(), *((key, value) for key, value in self._external.items() if key not in own)]
            if each.histogram is None:
                yield f"{_sample(name, labels)} {shortest(each.value)} {at}"
            else:
                yield from _classic(name, labels, each.histogram, at)


def _current(group: Samples) -> Iterator[_Current]:
    """Of each series its last sample, unless that is a stale marker."""
    if not len(group.timestamps):
        return
    time_ms = int(group.timestamps[-1])
    values = group.values[-1]
    gone = stale(values)
    for column, labels in enumerate(group.labels):
        histogram = None if group.histograms is None else group.histograms[-1, column]
        if isinstance(histogram, Histogram):
            if not stale(np.array([histogram.sum]))[0]:
                yield _Current(labels, time_ms, 0.0, histogram)
        elif not gone[column]:
            yield _Current(labels, time_ms, float(values[column]), None)


def _classic(name: str, labels: list[tuple[str, str]], histogram: Histogram, at: str) -> Iterator[str]:
    total = 0.0
    for index, bound in enumerate(histogram.bounds):
        total += histogram.positive.get(index, 0.0)
        yield f"{_sample(f'{name}_bucket', [*labels, ('le', general(bound))])} {shortest(total)} {at}"
    yield f"{_sample(f'{name}_bucket', [*labels, ('le', '+Inf')])} {shortest(histogram.count)} {at}"
    yield f"{_sample(f'{name}_sum', labels)} {shortest(histogram.sum)} {at}"
    yield f"{_sample(f'{name}_count', labels)} {shortest(histogram.count)} {at}"


def _sample(name: str, labels: list[tuple[str, str]]) -> str:
    written = [f"{_label(key)}={_quoted(value)}" for key, value in labels]
    if _plain(name, ":"):
        return f"{name}{{{','.join(written)}}}" if written else name
    return f"{{{','.join([_quoted(name), *written])}}}"


def _name(name: str) -> str:
    return name if _plain(name, ":") else _quoted(name)


def _label(name: str) -> str:
    return name if _plain(name, "") else _quoted(name)


def _plain(name: str, also: str) -> bool:
    """Letters and digits as all scrapers know them."""
    rest = name.replace("_", "a").replace(":", "a" if also else ":")
    return rest.isascii() and rest.isalnum() and not rest[0].isdigit()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{escaped}"'


def _order(each: _Current) -> tuple[str, bool, Labels]:
    return value_of(each.labels, NAME), each.histogram is not None, labels_of(each.labels)
