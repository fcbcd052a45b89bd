"""Routes about scraping and its configuration, as Prometheus's API has them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from ...component import Clock, ConfigError
from ...config import dump
from ...scrape.config import Job, PrometheusConfig
from ...scrape.scraper import Scraper
from ...scrape.status import relabel_steps, scrape_pools, target_metadata, targets
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route

_JSON = (("content-type", "application/json"),)
_ERRORS = {400: "bad_data", 404: "not_found", 503: "unavailable"}


class Routes:
    """Handlers over a scraper."""

    def __init__(
        self,
        scraper: Scraper,
        config: Callable[[], PrometheusConfig],
        reload: Callable[[], None],
        retention: str,
        clock: Clock,
    ) -> None:
        """`reload` raises ConfigError or ValueError; `retention` is told as it is."""
        self._scraper = scraper
        self._config = config
        self._reload = reload
        self._retention = retention
        self._clock = clock
        self._failed_ns = 0
        """When the configuration could not be reloaded, if the last time it could not."""
        self._reloaded_ns = clock.time_ns()

    def group(self) -> Group:
        """All of them."""
        api = "/api/v1"
        routes = [
            Route("GET", f"{api}/targets", self.targets),
            Route("GET", f"{api}/targets/metadata", self.metadata),
            Route("GET", f"{api}/targets/relabel_steps", self.relabel_steps),
            Route("GET", f"{api}/scrape_pools", lambda _: success(scrape_pools(self._scraper))),
            Route("GET", f"{api}/scrape_pools/config", self.pool_config),
            Route("GET", f"{api}/status/runtimeinfo", self.runtime),
            Route("GET", f"{api}/notifications", self.notifications),
            Route("GET", f"{api}/status/config", lambda _: success({"yaml": dump(self._config())})),
        ]
        for method in ("POST", "PUT"):
            routes += [Route(method, "/-/reload", self.reload), Route(method, "/-/quit", _quit)]
        return Group(routes, error_answer)

    def targets(self, request: Request) -> Response:
        """What is scraped and what was dropped."""
        query = request.query
        return success(targets(self._scraper, query.first("state").lower() or "any", query.first("scrapePool")))

    def metadata(self, request: Request) -> Response:
        """What targets say about their metrics."""
        query = request.query
        try:
            limit = int(query.first("limit") or -1)
        except ValueError:
            raise HttpError(400, "limit must be a number") from None
        try:
            found = target_metadata(self._scraper, query.first("match_target"), query.first("metric"), limit)
        except ValueError as error:
            raise HttpError(400, f'invalid parameter "match_target": {error}') from error
        return success(found)

    def pool_config(self, request: Request) -> Response:
        """The configuration of one job."""
        return success({"yaml": dump(self._job(request.query.first("scrapePool")).config)})

    def relabel_steps(self, request: Request) -> Response:
        """What the rules of a job make of the labels of a target that may exist or not."""
        query = request.query
        for name in ("scrapePool", "labels"):
            if not query.first(name):
                raise HttpError(400, f"no {name} parameter provided")
        try:
            labels = msgspec.json.decode(query.first("labels"), type=dict[str, str])
        except msgspec.DecodeError as error:
            raise HttpError(400, f"error parsing labels: {error}") from error
        return success(relabel_steps(self._job(query.first("scrapePool")), labels))

    def runtime(self, _: Request) -> Response:
        """What of it only this process knows."""
        return success(
            {
                "reloadConfigSuccess": not self._failed_ns,
                "lastConfigTime": _time(self._reloaded_ns),
                "storageRetention": self._retention,
            }
        )

    def reload(self, _: Request) -> Response:
        """200 when the new configuration is at work."""
        try:
            self._reload()
        except (ConfigError, ValueError) as error:
            self._failed_ns = self._clock.time_ns()
            return Response(500, (("content-type", "text/plain"),), f"failed to reload config: {error}\n".encode())
        self._failed_ns, self._reloaded_ns = 0, self._clock.time_ns()
        return Response(200)

    def notifications(self, _: Request) -> Response:
        """That a configuration could not be loaded, until one can be."""
        text = "Configuration reload has failed."
        failed = [{"text": text, "date": _time(self._failed_ns), "active": True}] if self._failed_ns else []
        return success(failed)

    def _job(self, name: str) -> Job:
        """Raises HttpError."""
        pool = self._scraper.pools().get(name)
        if pool is None:
            raise HttpError(400, f'error retrieving scrape config: scrape pool "{name[:100]}" not found')
        return pool.job


def _time(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // 10**9, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quit(_: Request) -> Response:
    text = b"Lifecycle API is not enabled: end the process instead, it stops in good order at SIGTERM.\n"
    return Response(403, (("content-type", "text/plain; charset=utf-8"),), text)


def success(data: Any) -> Response:
    """`{"status":"success","data":…}`."""
    return Response(200, _JSON, msgspec.json.encode({"status": "success", "data": data}))


def accepted(warning: str) -> Response:
    """202: it is going to happen."""
    return Response(202, _JSON, msgspec.json.encode({"status": "success", "warnings": [warning]}))


def error_answer(error: HttpError, _: Request) -> Response:
    """`{"status":"error","errorType":…,"error":…}`."""
    kind = _ERRORS.get(error.status, "internal")
    body = {"status": "error", "errorType": kind, "error": error.message}
    return Response(error.status, (*_JSON, *error.headers), msgspec.json.encode(body))
