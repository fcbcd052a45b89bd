"""What Grafana offers to choose from beside labels: fields of lines, patterns of lines. Both are told from samples."""

from collections.abc import Mapping

from ...component import Clock
from ...query.log_labels import LEVEL
from ...query.logql import detect
from ...query.logql.line import Line
from ...query.logql.lines import Walk, taken
from ...query.logql.parse import parse_lines
from ...query.logql.plan import plan
from ...query.logql.shapes import shapes
from ...query.logs import Logs
from ...server.endpoint import Response
from ...server.request import Query, Request
from ...server.router import Group
from ...storage.request_tenant import tenant
from ..errors import as_http_errors
from ..form import by_get_and_post, parameters
from . import answers, parse

_LINES = 1_000
_MOST_LINES = 5_000
"""More lines make no sample better, and each is parsed."""
_ENOUGH_BYTES = 2**24
"""Of lines; so many are enough, too."""
_FIELDS = 1_000
_PATTERN_LINES = 5_000
_MAX_PATTERNS = 300


class Detected:
    """The routes over a reader of logs."""

    def __init__(self, reader: Logs, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def group(self) -> Group:
        """Each by GET, and by POST with a form."""
        routes = [
            ("/loki/api/v1/detected_fields", self.fields),
            ("/loki/api/v1/detected_field/{name}/values", self.values),
            ("/loki/api/v1/detected_fields/{name}/values", self.values),
            ("/loki/api/v1/patterns", self.patterns),
        ]
        return Group(by_get_and_post(routes), answers.write_error)

    def fields(self, request: Request) -> Response:
        """Name, type, about how many values, and which parsers find it."""
        found, limit = self._fields(request)
        rows = [
            {
                "label": name,
                "type": each.kind,
                "cardinality": len(each.values),
                "parsers": each.parsers or None,
            }
            for name, each in sorted(found.items())
        ]
        return answers.plain_json({"fields": rows, "limit": limit})

    def values(self, request: Request) -> Response:
        """Of one field, the newest first."""
        found, limit = self._fields(request)
        field = found.get(request.parameters["name"])
        return answers.plain_json({"values": list(field.values)[:limit] if field else [], "limit": limit})

    def patterns(self, request: Request) -> Response:
        """Of the newest lines, with how many of them each has over time."""
        given = parameters(request)
        start_ns, end_ns = parse.times(given, self._clock)
        step_ns = parse.step(given.first("step"), start_ns, end_ns)
        lines = self._sample(request, given, _PATTERN_LINES)
        found = shapes((line.text, line.get(LEVEL), line.record.time_ns // step_ns) for line in lines)
        rows: list[dict[str, object]] = []
        for shape in found[:_MAX_PATTERNS]:
            for level in sorted({level for level, _ in shape.counts}):
                samples = sorted(
                    (part * step_ns // 10**9, count) for (each, part), count in shape.counts.items() if each == level
                )
                rows.append({"pattern": shape.text(), "level": level, "samples": samples})
        return answers.success(rows)

    def _fields(self, request: Request) -> tuple[Mapping[str, detect.Field], int]:
        given = parameters(request)
        limit = parse.limit(given, _FIELDS)
        lines = self._sample(request, given, min(parse.limit(given, _LINES, "line_limit"), _MOST_LINES))
        return detect.fields(lines, min(limit, _FIELDS)), limit

    def _sample(self, request: Request, given: Query, count: int) -> list[Line]:
        """The newest ones."""
        start_ns, end_ns = parse.times(given, self._clock)
        with as_http_errors(), self._reader.turn():
            query = parse_lines(parse.text(given) or "{}")
            walk = Walk(self._reader.of(tenant(request)), plan(query), start_ns, end_ns, oldest_first=False)
            return taken(walk.lines(count), _ENOUGH_BYTES)[0]
