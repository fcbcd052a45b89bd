"""`query_range` and `query`: lines and metric queries; `format_query`."""

from ...component import Clock
from ...query.logql.parse import parse as read
from ...query.logql.run import Lines, run_instant, run_range
from ...query.logql.text import text
from ...query.logs import Logs
from ...server.endpoint import Response
from ...server.request import Request
from ...server.router import Group
from ...storage.request_tenant import tenant
from ..errors import as_http_errors
from ..form import by_get_and_post, parameters
from . import answers, parse


class Queries:
    """The routes over a reader of logs."""

    def __init__(self, reader: Logs, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock

    def group(self) -> Group:
        """Each by GET, and by POST with a form."""
        routes = [
            ("/loki/api/v1/query_range", self.query_range),
            ("/loki/api/v1/query", self.query),
            ("/loki/api/v1/format_query", self.format),
        ]
        return Group(by_get_and_post(routes), answers.write_error)

    def query_range(self, request: Request) -> Response:
        """Lines of a time range, or values at its steps."""
        asked = parse.query_range(request, self._clock)
        began = self._clock.monotonic()
        with as_http_errors(), self._reader.turn():
            source = self._reader.of(tenant(request))
            found = run_range(source, asked.text, asked.steps, limit=asked.limit, oldest_first=asked.oldest_first)
            took_s = self._clock.monotonic() - began
            return (
                answers.of_lines(request, found, took_s)
                if isinstance(found, Lines)
                else answers.of_matrix(found, took_s)
            )

    def query(self, request: Request) -> Response:
        """Values at one time. Grafana's test of a data source asks for `vector(1)+vector(1)`."""
        given = parameters(request)
        time_ns = parse.instant(given, self._clock)
        began = self._clock.monotonic()
        with as_http_errors(), self._reader.turn():
            found = run_instant(self._reader.of(tenant(request)), parse.text(given), time_ns)
            return answers.of_vector(found, self._clock.monotonic() - began)

    def format(self, request: Request) -> Response:
        """The query as it is written by who writes all of them."""
        with as_http_errors():
            return answers.success(text(read(parse.text(parameters(request)))))
