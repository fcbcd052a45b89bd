"""Labels, their values, series, and how much there is: what a query's author is offered.

Labels are those of streams, so attributes of resources: they stand in dictionaries and are read without lines.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from ...component import Clock
from ...query.log_labels import SERVICE, stream_labels
from ...query.logql import ast
from ...query.logql.metrics import STREAM
from ...query.logql.parse import parse_lines
from ...query.logql.plan import plan
from ...query.logql.series import Labels, Steps, labels_of
from ...query.logql.stages import text_test
from ...query.logs import Counted, Logs, Streams, TenantLogs
from ...server.endpoint import Response
from ...server.request import Query, Request
from ...server.router import Group
from ...storage.request_tenant import tenant
from ..errors import as_http_errors
from ..form import by_get_and_post, parameters
from . import answers, parse

_VOLUMES = 100


class Names:
    """The routes over a reader of logs."""

    def __init__(self, reader: Logs, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def group(self) -> Group:
        """Each by GET, and by POST with a form."""
        routes = [
            ("/loki/api/v1/labels", self.labels),
            ("/loki/api/v1/label", self.labels),
            ("/loki/api/v1/label/{name}/values", self.values),
            ("/loki/api/v1/series", self.series),
            ("/loki/api/v1/index/stats", self.stats),
            ("/loki/api/v1/index/volume", self.volume),
            ("/loki/api/v1/index/volume_range", self.volume_range),
            ("/loki/api/v1/detected_labels", self.detected),
        ]
        return Group(by_get_and_post(routes), answers.write_error)

    def labels(self, request: Request) -> Response:
        """Names, sorted."""
        return answers.success(sorted({name for stream in self._streams(request, "query") for name in stream}))

    def values(self, request: Request) -> Response:
        """Of one label, sorted."""
        name = request.parameters["name"]
        found = {stream[name] for stream in self._streams(request, "query") if name in stream}
        return answers.success(sorted(found))

    def series(self, request: Request) -> Response:
        """Streams that one of the selectors `match[]` means."""
        return answers.success(self._streams(request, "match[]", "match"))

    def stats(self, request: Request) -> Response:
        """How many streams, row groups and lines a query has to do with, and about how many bytes."""
        given = parameters(request)
        streams, found = self._matching(request, given, _selectors(given, ("query",)))
        share = len(streams) / len(found.resources) if found.resources else 0.0
        return answers.plain_json(
            {
                "streams": len(streams),
                "chunks": found.row_groups if streams else 0,
                "entries": round(found.records * share),
                "bytes": round(found.bytes * share),
            }
        )

    def detected(self, request: Request) -> Response:
        """Names, each with how many values it has."""
        values: dict[str, set[str]] = {}
        for stream in self._streams(request, "query"):
            for name, value in stream.items():
                values.setdefault(name, set()).add(value)
        rows = [{"label": name, "cardinality": len(found)} for name, found in sorted(values.items())]
        return answers.plain_json({"detectedLabels": rows})

    def volume(self, request: Request) -> Response:
        """Bytes of lines by `targetLabels`, by default by the labels of the selector; the most first."""
        given = parameters(request)
        start_ns, end_ns = parse.span(given, self._clock)
        counted, limit = self._counted(request, given, start_ns, end_ns, end_ns - start_ns + 1)
        names = [_named(group, given) for group in counted.groups]
        sizes: dict[Labels, int] = {}
        for each in counted.counts:
            for name in names[each.group]:
                sizes[name] = sizes.get(name, 0) + each.bytes
        return answers.volumes(sorted(sizes.items(), key=_size, reverse=True)[:limit], end_ns)

    def volume_range(self, request: Request) -> Response:
        """The same over time: each step has the bytes of the time from it on."""
        given = parameters(request)
        start_ns, end_ns = parse.span(given, self._clock)
        steps = Steps(start_ns, end_ns, parse.step(given.first("step"), start_ns, end_ns))
        with as_http_errors():
            steps.check()
        counted, limit = self._counted(request, given, start_ns, end_ns, steps.step_ns)
        names = [_named(group, given) for group in counted.groups]
        sizes: dict[Labels, Counter[int]] = {}
        for each in counted.counts:
            for name in names[each.group]:
                sizes.setdefault(name, Counter())[start_ns + each.part * steps.step_ns] += each.bytes
        most = sorted(sizes.items(), key=_total, reverse=True)[:limit]
        return answers.volumes_over_time((name, sorted(found.items())) for name, found in most)

    def _counted(self, request: Request, given: Query, start_ns: int, end_ns: int, part_ns: int) -> tuple[Counted, int]:
        with as_http_errors(), self._reader.turn():
            query = parse_lines(parse.text(given) or "{}")
            targets = [each for each in given.first("targetLabels").split(",") if each]
            by = targets or [each.label for each in query.matchers] or [SERVICE]
            if given.first("aggregateBy") == "labels" and not targets:
                by = [STREAM]
            source = self._reader.of(tenant(request))
            counted = source.count(plan(query).filter, start_ns, end_ns, part_ns, by, sizes=True)
        return counted, parse.limit(given, _VOLUMES)

    def _streams(self, request: Request, *selectors: str) -> list[dict[str, str]]:
        given = parameters(request)
        return self._matching(request, given, _selectors(given, selectors))[0]

    def _matching(
        self, request: Request, given: Query, selectors: Sequence[ast.LogQuery]
    ) -> tuple[list[dict[str, str]], Streams]:
        start_ns, end_ns = parse.times(given, self._clock)
        with as_http_errors():
            source: TenantLogs = self._reader.of(tenant(request))
            found = source.streams(start_ns, end_ns)
        stream_names = {name for resource in found.resources for name in stream_labels(resource)}
        all_ = {labels_of(stream_labels(resource)) for resource in found.resources}
        streams = [dict(labels) for labels in sorted(all_)]
        return [
            each for each in streams if not selectors or any(_means(query, each, stream_names) for query in selectors)
        ], found


def _selectors(given: Query, names: Sequence[str]) -> list[ast.LogQuery]:
    """Raises HttpError."""
    with as_http_errors():
        return [parse_lines(text) for name in names for text in given.all(name) if text]


def _means(query: ast.LogQuery, stream: dict[str, str], names: Collection[str]) -> bool:
    """Labels that no stream has may be those of lines: they rule out nothing."""
    matchers = (each for each in query.matchers if each.label in names)
    return all(text_test(each.op, each.value)(stream.get(each.label, "")) for each in matchers)


def _named(group: Sequence[tuple[str, str]], given: Query) -> list[Labels]:
    """What a group's bytes are told under: its labels, or with `aggregateBy=labels` the name of each of them."""
    labels = labels_of(dict(group))
    return [((name, ""),) for name, _ in labels] if given.first("aggregateBy") == "labels" else [labels]


def _size(row: tuple[object, int]) -> int:
    return row[1]


def _total(row: tuple[object, Counter[int]]) -> int:
    return row[1].total()
