"""The alerts of one rule: inactive → pending → firing → resolved, as Prometheus has it. No time of its own, no I/O."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..query.promql.ast import NAME
from ..query.promql.histograms import Histogram
from ..query.promql.labels import Labels, labels_of
from ..query.rules_state import AlertState
from .definitions import AlertingRule
from .errors import RuleError
from .sources import Vector

Expand: TypeAlias = Callable[[str, Labels, float | Histogram], str]
"""A template, filled in for a series and its value."""
_RESOLVED_KEPT_MS = 15 * 60_000
"""So long a resolved alert is remembered, and told again."""
_FAILURES_BEFORE_END = 4
"""An alert ends by itself when nothing was heard of it for so many evaluations or repetitions."""


@dataclass(slots=True)
class Alert:
    """One series of the rule's answer. Times in milliseconds, 0: never."""

    labels: Labels
    annotations: Labels
    value: float | Histogram
    active_ms: int
    state: AlertState = "pending"
    fired_ms: int = 0
    resolved_ms: int = 0
    keep_firing_since_ms: int = 0
    sent_ms: int = 0
    valid_until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told of an alert that fires or did. `ends_ms`: when it ended, or ends if nothing more is heard."""

    labels: Labels
    annotations: Labels
    starts_ms: int
    ends_ms: int
    resolved: bool
    expr: str = ""
    """Of its rule."""


@dataclass(slots=True)
class Alerts:
    """All alerts of a rule, by their labels."""

    rule: AlertingRule
    restored: bool = False
    """Until it is known since when alerts were active before a restart, no series says since when they are."""
    active: dict[Labels, Alert] = field(default_factory=dict[Labels, Alert])

    def update(self, vector: Vector, time_ms: int, limit: int, expand: Expand) -> Vector:
        """Take the rule's answer of one evaluation; gives ALERTS and ALERTS_FOR_STATE. Raises RuleError."""
        found = self._found(vector, time_ms, expand)
        for labels, alert in found.items():
            known = self.active.get(labels)
            if known is not None and known.state != "inactive":
                known.value, known.annotations = alert.value, alert.annotations
            else:
                self.active[labels] = alert
        samples: Vector = []
        count = 0
        for labels, alert in list(self.active.items()):
            if not self._goes_on(alert, labels in found, time_ms):
                continue
            count += 1
            if alert.state == "pending" and time_ms - alert.active_ms >= self.rule.hold_ms:
                alert.state, alert.fired_ms = "firing", time_ms
            if self.restored:
                samples += _series(alert)
        if limit and count > limit:
            self.active.clear()
            raise RuleError(f"exceeded limit of {limit} with {count} alerts")
        return samples

    @property
    def state(self) -> AlertState:
        """The most serious state of all."""
        states = {each.state for each in self.active.values()}
        return "firing" if "firing" in states else "pending" if "pending" in states else "inactive"

    def current(self) -> list[Alert]:
        """Those that are pending or firing."""
        return [replace(each) for each in list(self.active.values()) if not each.resolved_ms]

    def due(self, time_ms: int, resend_ms: int, interval_ms: int) -> Iterable[Notice]:
        """What is to be told now: what is new, what was resolved, and what was told some time ago."""
        for alert in list(self.active.values()):
            if alert.state == "pending":
                continue
            if alert.resolved_ms <= alert.sent_ms and alert.sent_ms + resend_ms >= time_ms:
                continue
            alert.sent_ms = time_ms
            alert.valid_until_ms = time_ms + _FAILURES_BEFORE_END * max(interval_ms, resend_ms)
            resolved = bool(alert.resolved_ms)
            ends_ms = alert.resolved_ms or alert.valid_until_ms
            yield Notice(alert.labels, alert.annotations, alert.fired_ms, ends_ms, resolved, self.rule.expr)

    def _found(self, vector: Vector, time_ms: int, expand: Expand) -> dict[Labels, Alert]:
        found: dict[Labels, Alert] = {}
        for series, value in vector:
            own = {name: expand(text, series, value) for name, text in self.rule.labels}
            whole = {**dict(series), **own, "alertname": self.rule.name}
            whole.pop(NAME, None)
            labels = labels_of(whole.items())
            if labels in found:
                raise RuleError("vector contains metrics with the same labelset after applying alert labels")
            annotations = tuple((name, expand(text, series, value)) for name, text in self.rule.annotations)
            found[labels] = Alert(labels, annotations, value, time_ms)
        return found

    def _goes_on(self, alert: Alert, there: bool, time_ms: int) -> bool:
        if there:
            alert.keep_firing_since_ms = 0
            return True
        kept = False
        if alert.state == "firing" and self.rule.keep_firing_ms:
            alert.keep_firing_since_ms = alert.keep_firing_since_ms or time_ms
            kept = time_ms - alert.keep_firing_since_ms < self.rule.keep_firing_ms
        if alert.state == "pending" or (alert.resolved_ms and time_ms - alert.resolved_ms > _RESOLVED_KEPT_MS):
            del self.active[alert.labels]
        if alert.state != "inactive" and not kept:
            alert.state, alert.resolved_ms = "inactive", time_ms
        return kept


def _series(alert: Alert) -> Vector:
    labels = dict(alert.labels)
    return [
        (labels_of({**labels, NAME: "ALERTS", "alertstate": alert.state}.items()), 1.0),
        (labels_of({**labels, NAME: "ALERTS_FOR_STATE"}.items()), float(alert.active_ms // 1000)),
    ]
