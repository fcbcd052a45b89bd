"""`rules`, `alerts`, `alertmanagers`: what is evaluated, what fires, who is told."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...query.promql.ast import Matcher
from ...query.promql.labels import Labels, value_of
from ...query.promql.matchers import predicate
from ...query.promql.numbers import scientific
from ...query.rules_state import Alert, Rule, RuleGroup, RulesState
from ...server.endpoint import Response
from ...server.request import Query, Request
from ...server.router import Group, Route
from ...storage.request_tenant import tenant
from ..form import parameters
from ..literals import boolean, integer, quoted
from . import parse as given_as
from .answer import bad_parameter, success, write_error

_NEVER = "0001-01-01T00:00:00Z"


class Rules:
    """The routes over the state of rules."""

    def __init__(self, state: RulesState) -> None:
        self._state = state

    def group(self) -> Group:
        """All by GET."""
        routes = [
            Route("GET", "/api/v1/rules", self.rules),
            Route("GET", "/api/v1/alerts", self.alerts),
            Route("GET", "/api/v1/alertmanagers", self.alertmanagers),
        ]
        return Group(routes, write_error)

    def rules(self, request: Request) -> Response:
        """Groups with those of their rules that the parameters ask for; a group without any is left out."""
        asked = _asked(parameters(request))
        found: list[RuleGroup] = []
        following = ""
        reached = not asked.token
        for each in self._state.groups(tenant(request)):
            reached = reached or asked.token == _token(each)
            if not (reached and asked.means(each) and any(True for _ in asked.of(each))):
                continue
            if len(found) == asked.most > 0:
                following = _token(each)
                break
            found.append(each)
        if not reached:
            problem = f"invalid group_next_token '{asked.token}'. were rule groups changed?"
            raise bad_parameter("group_next_token", problem)
        data: dict[str, Any] = {"groups": [_group(each, asked) for each in found]}
        if following:
            data["groupNextToken"] = following
        return success(data)

    def alerts(self, request: Request) -> Response:
        """All that are pending or firing."""
        groups = self._state.groups(tenant(request))
        alerts = [alert for each in groups for rule in each.rules for alert in rule.alerts]
        return success({"alerts": [_alert(each) for each in alerts]})

    def alertmanagers(self, _request: Request) -> Response:
        """Where alerts are sent to."""
        active, dropped = ([{"url": url} for url in urls] for urls in self._state.alertmanagers())
        return success({"activeAlertmanagers": active, "droppedAlertmanagers": dropped})


@dataclass(frozen=True, slots=True)
class _Asked:
    kind: str
    names: frozenset[str]
    groups: frozenset[str]
    files: frozenset[str]
    selectors: Sequence[Sequence[Matcher]]
    without_alerts: bool
    most: int
    token: str

    def means(self, group: RuleGroup) -> bool:
        return (not self.groups or group.name in self.groups) and (not self.files or group.file in self.files)

    def of(self, group: RuleGroup) -> Iterator[Rule]:
        for rule in group.rules:
            if (
                self.kind in ("", rule.kind)
                and (not self.names or rule.name in self.names)
                and (not self.selectors or any(fits(rule.labels, each) for each in self.selectors))
            ):
                yield rule


def _asked(given: Query) -> _Asked:
    """Raises ApiError."""
    kind = given.first("type").lower()
    if kind not in ("", "alert", "record"):
        raise bad_parameter("type", f"not supported value {quoted(kind)}")
    selectors = given_as.matches(given)
    without_alerts = given.first("exclude_alerts").lower()
    try:
        excluded = bool(without_alerts) and boolean(without_alerts)
    except ValueError as error:
        raise bad_parameter("exclude_alerts", f"error converting exclude_alerts: {error}") from error
    most, token = _page(given)
    names, groups, files = (frozenset(given.all(name)) for name in ("rule_name[]", "rule_group[]", "file[]"))
    kind = {"alert": "alerting", "record": "recording"}.get(kind, "")
    return _Asked(kind, names, groups, files, selectors, excluded, most, token)


def _page(given: Query) -> tuple[int, str]:
    """How many groups, 0 for all, and after which. Raises ApiError."""
    most, token = given.first("group_limit"), given.first("group_next_token")
    if not most:
        if token:
            problem = "group_limit needs to be present in order to paginate over the groups"
            raise bad_parameter("group_next_token", problem)
        return 0, ""
    try:
        found = integer(most, 32)
    except ValueError as error:
        raise bad_parameter("group_limit", f"group_limit needs to be a valid number: {error}") from error
    if found <= 0:
        raise bad_parameter("group_limit", "group_limit needs to be greater than 0")
    return found, token


def _token(group: RuleGroup) -> str:
    return hashlib.sha256(f"{group.file};{group.name}".encode()).hexdigest()


def _group(group: RuleGroup, asked: _Asked) -> dict[str, Any]:
    return {
        "name": group.name,
        "file": group.file,
        "rules": [_rule(each, asked.without_alerts) for each in asked.of(group)],
        "interval": group.interval_s,
        "limit": group.limit,
        "evaluationTime": group.evaluation_s,
        "lastEvaluation": _time(group.evaluated_ns),
    }


def _rule(rule: Rule, without_alerts: bool) -> dict[str, Any]:
    alerting: dict[str, Any] = {}
    if rule.kind == "alerting":
        alerting = {
            "state": rule.state,
            "duration": rule.for_s,
            "keepFiringFor": rule.keep_firing_for_s,
            "annotations": dict(rule.annotations),
            "alerts": None if without_alerts else [_alert(each) for each in rule.alerts],
        }
    return {
        **alerting,
        "name": rule.name,
        "query": rule.query,
        "labels": dict(rule.labels),
        "health": rule.health,
        **({"lastError": rule.last_error} if rule.last_error else {}),
        "evaluationTime": rule.evaluation_s,
        "lastEvaluation": _time(rule.evaluated_ns),
        "type": rule.kind,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "activeAt": _time(alert.active_ns),
        **({"keepFiringSince": _time(alert.keep_firing_since_ns)} if alert.keep_firing_since_ns else {}),
        "value": scientific(alert.value),
    }


def fits(labels: Labels, matchers: Sequence[Matcher]) -> bool:
    """Whether labels fulfil all matchers."""
    return all(predicate(each)(value_of(labels, each.label)) for each in matchers)


def _time(time_ns: int) -> str:
    """RFC 3339 with as many digits of a fraction as it needs."""
    if not time_ns:
        return _NEVER
    whole, rest = divmod(time_ns, 10**9)
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"
