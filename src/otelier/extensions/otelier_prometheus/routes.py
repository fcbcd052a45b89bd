"""Routes about scraping, as Prometheus's API has them, and what changes the store."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ...component import Clock, ConfigError
from ...config import dump
from ...scrape.config import PrometheusConfig
from ...scrape.scraper import Scraper
from ...scrape.selector import fits, matchers
from ...scrape.status import scrape_pools, target_metadata, targets
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.contract import DataDirectoryError
from ...storage.metrics import MetricsEngine
from ...storage.metrics.snapshot import take_snapshot
from ...storage.request_tenant import tenant

_JSON = (("content-type", "application/json"),)
_ERRORS = {400: "bad_data", 404: "not_found", 503: "unavailable"}
_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("", "0", "f", "F", "false", "FALSE", "False")
_EARLIEST_MS, _LATEST_MS = -(2**62), 2**62


class Routes:
    """Handlers over a scraper and a store."""

    def __init__(
        self,
        scraper: Scraper,
        engine: MetricsEngine,
        config: Callable[[], PrometheusConfig],
        reload: Callable[[], None],
        root: Path,
        clock: Clock,
    ) -> None:
        """`reload` raises ConfigError or ValueError; `root`: the data directory."""
        self._root = root
        self._clock = clock
        self._scraper = scraper
        self._engine = engine
        self._config = config
        self._reload = reload

    def group(self) -> Group:
        """All of them."""
        api = "/api/v1"
        routes = [
            Route("GET", f"{api}/targets", self.targets),
            Route("GET", f"{api}/targets/metadata", self.metadata),
            Route("GET", f"{api}/scrape_pools", lambda _: _success(scrape_pools(self._scraper))),
            Route("GET", f"{api}/status/config", lambda _: _success({"yaml": dump(self._config())})),
        ]
        for method in ("POST", "PUT"):
            routes += [
                Route(method, "/-/reload", self.reload),
                Route(method, f"{api}/admin/tsdb/delete_series", self.delete),
                Route(method, f"{api}/admin/tsdb/clean_tombstones", self.clean),
                Route(method, f"{api}/admin/tsdb/snapshot", self.snapshot),
            ]
        return Group(routes, _error)

    def targets(self, request: Request) -> Response:
        """What is scraped and what was dropped."""
        query = request.query
        return _success(targets(self._scraper, query.first("state").lower() or "any", query.first("scrapePool")))

    def metadata(self, request: Request) -> Response:
        """What targets say about their metrics."""
        query = request.query
        try:
            limit = int(query.first("limit") or -1)
            found = target_metadata(self._scraper, query.first("match_target"), query.first("metric"), limit)
        except ValueError as error:
            raise HttpError(400, str(error)) from error
        return _success(found)

    def reload(self, _: Request) -> Response:
        """200 when the new configuration is at work."""
        try:
            self._reload()
        except (ConfigError, ValueError) as error:
            return Response(500, (("content-type", "text/plain"),), f"failed to reload config: {error}\n".encode())
        return Response(200)

    def delete(self, request: Request) -> Response:
        """204 when it is deleted."""
        query = request.query
        selectors = query.all("match[]")
        if not selectors:
            raise HttpError(400, "no match[] parameter provided")
        try:
            wanted = [matchers(text) for text in selectors]
            start = _moment_ms(query.first("start"), _EARLIEST_MS)
            end = _moment_ms(query.first("end"), _LATEST_MS)
        except (ValueError, OverflowError) as error:
            raise HttpError(400, str(error)) from error
        if any(fits(each)({}) for each in wanted):
            raise HttpError(400, "match[] must contain at least one non-empty matcher")
        self._engine.delete(tenant(request), wanted, start, end)
        return Response(204)

    def clean(self, _: Request) -> Response:
        """204 when nothing of what was deleted is in a segment any more."""
        with _disk_errors():
            self._engine.clean()
        return Response(204)

    def snapshot(self, request: Request) -> Response:
        """The name of a copy in `snapshots` of the data directory, without what is in the log alone if `skip_head`."""
        skip = request.query.first("skip_head")
        if skip not in _TRUE + _FALSE:
            raise HttpError(400, f'unable to parse boolean "skip_head" argument: {skip!r} is neither true nor false')
        with _disk_errors():
            name = take_snapshot(self._root, self._engine, self._clock, skip_log=skip in _TRUE)
        return _success({"name": name})


@contextmanager
def _disk_errors() -> Generator[None]:
    try:
        yield
    except (OSError, DataDirectoryError) as error:
        raise HttpError(500, str(error)) from error


def _moment_ms(text: str, default: int) -> int:
    """Seconds since 1970, or RFC 3339. Raises ValueError."""
    if not text:
        return default
    try:
        return round(float(text) * 1000)
    except ValueError:
        return round(datetime.fromisoformat(text).timestamp() * 1000)


def _success(data: Any) -> Response:
    return Response(200, _JSON, msgspec.json.encode({"status": "success", "data": data}))


def _error(error: HttpError, _: Request) -> Response:
    kind = _ERRORS.get(error.status, "internal")
    body = {"status": "error", "errorType": kind, "error": error.message}
    return Response(error.status, (*_JSON, *error.headers), msgspec.json.encode(body))
