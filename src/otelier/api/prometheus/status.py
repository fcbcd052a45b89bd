"""`status/*` and `features`: what this server is and holds. Grafana asks for `buildinfo` before anything else."""

import os
import socket
from datetime import UTC, datetime
from typing import Any

from ... import __version__
from ...component import Clock
from ...query.metrics_reader import MetricsReader, Statistics
from ...query.promql.signatures import AGGREGATIONS, FUNCTIONS
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ..literals import integer
from ..tenant import tenant
from .answer import ApiError, as_api_errors, success, write_error
from .forward import Forward

_LIKE = "3.15.0"
"""The version of Prometheus whose forms are answered; Grafana decides by it what to ask for."""
_MOST = 10_000
_DEFAULT = 10


class Status:
    """The routes over a reader of metrics."""

    def __init__(self, reader: MetricsReader, clock: Clock, data_dir: str, forward: Forward | None) -> None:
        self._reader = reader
        self._clock = clock
        self._data_dir = data_dir
        self._forward = forward
        self._started_ns = clock.time_ns()

    def group(self) -> Group:
        """All by GET."""
        routes = {
            "status/buildinfo": self.build,
            "status/runtimeinfo": self.runtime,
            "status/config": self.config,
            "status/flags": self.flags,
            "status/tsdb": self.tsdb,
            "status/tsdb/blocks": self.blocks,
            "status/walreplay": self.replay,
            "features": self.features,
        }
        return Group([Route("GET", f"/api/v1/{path}", handler) for path, handler in routes.items()], write_error)

    def build(self, _request: Request) -> Response:
        """What it is, as Prometheus of the version whose forms it answers."""
        names = ("branch", "buildUser", "buildDate", "goVersion")
        return success({"version": _LIKE, "revision": f"otelier-{__version__}", **dict.fromkeys(names, "")})

    def runtime(self, _request: Request) -> Response:
        """Where it runs, since when."""
        return success(
            {
                "startTime": _time(self._started_ns),
                "CWD": self._data_dir,
                "hostname": socket.gethostname(),
                "serverTime": _time(self._clock.time_ns()),
                "reloadConfigSuccess": True,
                "lastConfigTime": _time(self._started_ns),
                "corruptionCount": 0,
                "goroutineCount": 0,
                "GOMAXPROCS": os.cpu_count() or 1,
                "GOMEMLIMIT": 0,
                "GOGC": "",
                "GODEBUG": "",
                "storageRetention": "",
            }
        )

    def config(self, request: Request) -> Response:
        """The scrape configuration, which the other process has; empty if it scrapes nothing."""
        if self._forward is not None:
            try:
                answer = self._forward(request)
            except HttpError:
                answer = Response(503)
            if answer.status == 200:
                return answer
        return success({"yaml": ""})

    def flags(self, _request: Request) -> Response:
        """What Prometheus' flags would say."""
        return success(
            {
                "storage.tsdb.path": self._data_dir,
                "web.enable-remote-write-receiver": "true" if self._forward else "false",
                "web.enable-otlp-receiver": "true" if self._forward else "false",
            }
        )

    def tsdb(self, request: Request) -> Response:
        """Who has most series."""
        limit = _limit(request)
        with as_api_errors():
            found = self._reader.statistics(tenant(request), limit)
        return success(_statistics(found))

    def blocks(self, _request: Request) -> Response:
        """The store has no blocks of Prometheus."""
        return success({"blocks": []})

    def replay(self, _request: Request) -> Response:
        """Nothing is replayed at start: the log is readable at once."""
        return success({"min": 0, "max": 0, "current": 0})

    def features(self, _request: Request) -> Response:
        """What of the language and the API is there."""
        return success(
            {
                "api": dict.fromkeys(
                    [
                        "label_values_match",
                        "query_stats",
                        "query_warnings",
                        "remote_write_receiver",
                        "time_range_labels",
                    ],
                    True,
                ),
                "promql": dict.fromkeys(
                    ["anchored", "at_modifier", "duration_expr", "negative_offset", "smoothed", "subqueries", "utf8"],
                    True,
                ),
                "promql_functions": dict.fromkeys(sorted(FUNCTIONS), True),
                "promql_aggregations": dict.fromkeys(sorted(AGGREGATIONS), True),
            }
        )


def _limit(request: Request) -> int:
    """Raises ApiError."""
    text = request.query.first("limit")
    try:
        found = integer(text) if text else _DEFAULT
    except ValueError:
        found = 0
    if found < 1:
        raise ApiError("bad_data", "limit must be a positive number")
    if found > _MOST:
        raise ApiError("bad_data", f"limit must not exceed {_MOST}")
    return found


def _statistics(found: Statistics) -> dict[str, Any]:
    lists = {
        "seriesCountByMetricName": found.by_metric,
        "labelValueCountByLabelName": found.values_by_label,
        "memoryInBytesByLabelName": found.bytes_by_label,
        "seriesCountByLabelValuePair": found.by_pair,
    }
    head = {
        "numSeries": found.series,
        "numLabelPairs": found.label_pairs,
        "chunkCount": 0,
        "minTime": found.min_ms,
        "maxTime": found.max_ms,
    }
    return {
        "headStats": head,
        **{key: [{"name": name, "value": value} for name, value in items] for key, items in lists.items()},
    }


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
