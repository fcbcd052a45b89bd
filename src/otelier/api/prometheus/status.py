"""`status/*`, `features`, `notifications`: what this server is and holds. Grafana asks for `buildinfo` first."""

import os
import socket
from datetime import UTC, datetime
from typing import Any

import msgspec

from ... import __version__
from ...component import Clock, PrometheusDuration
from ...query.metrics_reader import MetricsReader, Statistics
from ...query.promql.signatures import AGGREGATIONS, FUNCTIONS
from ...server.endpoint import Response
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from ..literals import integer
from .answer import ApiError, as_api_errors, nothing, success, write_error
from .forward import Forward
from .options import PrometheusOptions

_LIKE = "3.15.0"
"""The version of Prometheus whose forms are answered; Grafana decides by it what to ask for."""
_MOST = 10_000
_DEFAULT = 10
_API = (
    "exclude_alerts",
    "label_values_match",
    "query_stats",
    "query_warnings",
    "time_range_labels",
    "time_range_series",
)
_PROMQL = (
    "anchored", "at_modifier", "bool", "by", "duration_expr", "fill", "fill_left", "fill_right", "group_left",
    "group_right", "ignoring", "negative_offset", "offset", "on", "per_query_lookback_delta", "smoothed", "subqueries",
    "without",
)  # fmt: skip
_OPERATORS = (
    "!=", "!~", "%", "*", "+", "-", "/", "<", "</", "<=", "==", "=~", ">", ">/", ">=", "@", "^", "and", "atan2", "or",
    "unless",
)  # fmt: skip
_BY_PARENT = ("remote-write-receiver", "otlp-receiver", "admin-api")
"""What only the process that takes metrics in can do."""


class _Known(msgspec.Struct):
    data: dict[str, Any]


class Status:
    """The routes over a reader of metrics."""

    def __init__(
        self, reader: MetricsReader, clock: Clock, data_dir: str, forward: Forward | None, options: PrometheusOptions
    ) -> None:
        self._reader = reader
        self._options = options
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
            "notifications": self.notifications,
            "notifications/live": self.live,
        }
        return Group([Route("GET", f"/api/v1/{path}", handler) for path, handler in routes.items()], write_error)

    def build(self, _request: Request) -> Response:
        """What it is, as Prometheus of the version whose forms it answers."""
        names = ("branch", "buildUser", "buildDate", "goVersion")
        return success({"version": _LIKE, "revision": f"otelier-{__version__}", **dict.fromkeys(names, "")})

    def runtime(self, request: Request) -> Response:
        """Where it runs, since when; the process that takes metrics in knows more."""
        known = self._by_parent(request)
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
                **(msgspec.json.decode(bytes(known.body), type=_Known).data if known else {}),
            }
        )

    def config(self, request: Request) -> Response:
        """The scrape configuration, which the other process has; empty if it scrapes nothing."""
        return self._by_parent(request) or success({"yaml": ""})

    def flags(self, _request: Request) -> Response:
        """What Prometheus' flags would say."""
        options, takes = self._options, "true" if self._forward else "false"
        return success(
            {
                "storage.tsdb.path": self._data_dir,
                "query.lookback-delta": str(PrometheusDuration(options.lookback_delta)),
                "query.max-samples": str(options.max_samples),
                "query.timeout": str(PrometheusDuration(options.timeout)),
                "web.listen-address": options.server.endpoint,
                **dict.fromkeys(map("web.enable-{}".format, _BY_PARENT), takes),
                "web.enable-lifecycle": "false",
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

    def notifications(self, request: Request) -> Response:
        """What somebody should know who looks at it now."""
        return self._by_parent(request) or success([])

    def live(self, _request: Request) -> Response:
        """They are not pushed: to a browser this is an end, and Prometheus's pages ask for the list now and then."""
        return nothing()

    def features(self, _request: Request) -> Response:
        """What of the language and the API is there."""
        takes = self._forward is not None
        by_parent = {"admin": takes, "otlp_write_receiver": takes, "remote_write_receiver": takes}
        return success(
            {
                "api": {**dict.fromkeys(_API, True), **by_parent, "lifecycle": False},
                "otlp_receiver": {"delta_conversion": True, "native_delta_ingestion": False},
                "prometheus": {"agent_mode": False, "auto_reload_config": False, "server_mode": True},
                "promql": dict.fromkeys(_PROMQL, True),
                "promql_functions": dict.fromkeys(sorted(FUNCTIONS), True),
                "promql_operators": dict.fromkeys([*_OPERATORS, *sorted(AGGREGATIONS)], True),
                "rules": {"concurrent_rule_eval": False, "keep_firing_for": True, "query_offset": True},
                "service_discovery_providers": dict.fromkeys(("dns", "file", "http", "static"), True),
                "tsdb": {"exemplar_storage": True, "native_histograms": True},
            }
        )

    def _by_parent(self, request: Request) -> Response | None:
        """Its answer to the same request, if it has a good one."""
        if self._forward is None:
            return None
        try:
            answer = self._forward(request)
        except HttpError:
            return None
        return answer if answer.status == 200 else None


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
