"""Exemplars of a query's series, as Prometheus answers them; of series that rules recorded; of alerts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ...component import Clock
from ...query.errors import BadQuery
from ...query.exemplars import trace_of
from ...query.metrics_reader import Exemplar, MetricsReader, SeriesExemplars
from ...query.promql.labels import Labels
from ...query.promql.numbers import shortest
from ...query.recorded import Recordings
from ...query.rules_state import Alert, Rule, RulesState
from ...server.endpoint import Response
from ...server.request import Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from ..form import by_get_and_post, parameters
from . import parse as given_as
from .answer import ApiError, as_api_errors, nothing, success, warnings_of, write_error
from .rules import fits
from .values import seconds

_MOST = 10_000
"""Exemplars of one answer."""
_OF_ALERT = 5
_BEFORE_MS = 600_000
"""So long before an alert began lies what made it begin."""
_RECENT_MS = 3_600_000
"""Of an alert that goes on for longer, only exemplars of that time are looked at."""


class Exemplars:
    """The routes over a reader of metrics and the state of rules."""

    def __init__(self, reader: MetricsReader, rules: RulesState, clock: Clock) -> None:
        self._reader = reader
        self._rules = rules
        self._clock = clock

    def group(self) -> Group:
        """That of Prometheus takes a form, too."""
        routes = by_get_and_post([("/api/v1/query_exemplars", self.of_query)])
        return Group([*routes, Route("GET", "/api/v1/alerts/exemplars", self.of_alerts)], write_error)

    def of_query(self, request: Request) -> Response:
        """Exemplars of all series that the query is about; of recorded ones, of what they were made from."""
        given = parameters(request)
        start_ms, end_ms = given_as.ever(given)
        if end_ms < start_ms:
            raise ApiError("bad_data", "end timestamp must not be before start timestamp")
        owner = tenant(request)
        with as_api_errors():
            selectors = Recordings(self._rules.groups(owner)).selectors(given.first("query"))
            if not selectors:
                return nothing()
            found = self._reader.exemplars(owner, selectors, start_ms, end_ms, _MOST)
        data = [
            {"seriesLabels": dict(each.series), "exemplars": list(map(_written, each.exemplars))}
            for each in found.items
        ]
        return success(data, warnings_of(found))

    def of_alerts(self, request: Request) -> Response:
        """Of alerts that are pending or firing and whose labels `match[]` fits. Prometheus has no such thing.

        Those come first that most selectors of the rule choose, then those with the greatest values.
        """
        given, owner = request.query, tenant(request)
        limit = given_as.limit(given) or _OF_ALERT
        selectors = given_as.matches(given)
        groups = self._rules.groups(owner)
        recordings = Recordings(groups)
        data: list[dict[str, Any]] = []
        with as_api_errors(), self._reader.turn():
            for rule in (rule for each in groups for rule in each.rules):
                for alert in rule.alerts:
                    if not selectors or any(fits(alert.labels, each) for each in selectors):
                        found = self._of_alert(owner, recordings, rule, alert)[:limit]
                        exemplars = [{"seriesLabels": dict(series), **_written(each)} for series, each in found]
                        data.append({"labels": dict(alert.labels), "exemplars": exemplars})
        return success({"alerts": data})

    def _of_alert(
        self, owner: str, recordings: Recordings, rule: Rule, alert: Alert
    ) -> Sequence[tuple[Labels, Exemplar]]:
        now_ms = self._clock.time_ns() // 10**6
        start_ms = max(alert.active_ns // 10**6 - _BEFORE_MS, now_ms - _RECENT_MS)
        own = {"alertname", *(name for name, _ in rule.labels)}
        labels = {name: value for name, value in alert.labels if name not in own}
        try:
            selectors = recordings.selectors(rule.query, labels)
        except BadQuery:
            return []  # asked in another language than PromQL
        chosen: Counter[tuple[Labels, Exemplar]] = Counter()
        for each in selectors:
            chosen.update(_pairs(self._reader.exemplars(owner, [each], start_ms, now_ms, _MOST).items))
        by_trace: dict[str, tuple[Labels, Exemplar]] = {}
        for pair in sorted(chosen, key=lambda each: (chosen[each], each[1].value), reverse=True):
            if trace := trace_of(pair[1]):
                by_trace.setdefault(trace, pair)
        return list(by_trace.values())


def _pairs(found: Iterable[SeriesExemplars]) -> Iterable[tuple[Labels, Exemplar]]:
    return ((each.series, exemplar) for each in found for exemplar in each.exemplars)


def _written(exemplar: Exemplar) -> dict[str, Any]:
    return {
        "labels": dict(exemplar.labels),
        "value": shortest(exemplar.value),
        "timestamp": msgspec.Raw(seconds(exemplar.time_ms).encode()),
    }
