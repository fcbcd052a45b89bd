"""One group while it runs: its rules one after the other at a moment, and what became of the last time."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeAlias

from ..component import Clock, OtelierError
from ..query.promql.arrays import STALE
from ..query.promql.ast import NAME, Matcher
from ..query.promql.histograms import Histogram
from ..query.promql.labels import Labels, labels_of
from .alerts import Alerts, Notice
from .definitions import AlertingRule, RecordingRule, Rule, RuleGroup, identity
from .errors import RuleError
from .sources import Sources, Vector
from .templates import CallError, Expander

_log = logging.getLogger(__name__)

Sample: TypeAlias = tuple[Labels, int, float | Histogram]
"""Labels, milliseconds, value."""


class Append(Protocol):
    """Writes samples. Raises OtelierError or OSError when they were not taken."""

    def __call__(self, tenant: str, samples: Sequence[Sample], /) -> None:
        """All of one rule's evaluation."""
        ...


Notify: TypeAlias = Callable[[str, Sequence[Notice]], None]
"""Tells somebody of alerts of a tenant; returns at once."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all groups share."""

    clock: Clock
    sources: Callable[[str], Sources]
    """Of a tenant."""
    append: Append
    notify: Notify
    external_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    external_url: str = ""
    resend_ms: int = 60_000
    """How often an alert that goes on is told again."""
    outage_ms: int = 3_600_000
    """After a longer pause nothing is restored."""
    grace_ms: int = 600_000
    """After a restart an alert is pending for at least so long, if it was not firing already."""


@dataclass(slots=True)
class RuleState:
    """A rule and how its last evaluation went."""

    rule: Rule
    alerts: Alerts | None = None
    evaluation_s: float = 0.0
    evaluated_ms: int = 0
    error: str = ""
    written: set[Labels] = field(default_factory=set[Labels])
    """Series that it has written the last time, which get a stale marker when they are gone."""

    @classmethod
    def of(cls, rule: Rule) -> "RuleState":
        """Nothing is known of it yet."""
        return cls(rule, Alerts(rule) if isinstance(rule, AlertingRule) else None)


@dataclass(slots=True)
class Tally:
    """Counts of one group since it was made."""

    evaluations: int = 0
    failures: int = 0
    iterations: int = 0
    missed: int = 0
    samples: int = 0
    """Written at the last evaluation."""


class Group:
    """Evaluated by one thread at a time; looked at by any."""

    def __init__(self, definition: RuleGroup, around: Surroundings) -> None:
        self.definition = definition
        self.tally = Tally()
        self.rules = [RuleState.of(each) for each in definition.rules]
        self.evaluated_ms = 0
        self.evaluation_s = 0.0
        self._around = around
        self._sources = around.sources(definition.tenant)
        self._left_behind: set[Labels] = set()
        """Series of rules that are no longer there."""

    def take_over(self, before: "Group") -> None:
        """Go on from where a group of the same name was when its file changed."""
        old: dict[tuple[str, Labels], list[RuleState]] = {}
        for each in before.rules:
            old.setdefault(identity(each.rule), []).append(each)
        for state in self.rules:
            if same := old.get(identity(state.rule)):
                known = same.pop(0)
                state.written = known.written
                if state.alerts is not None and known.alerts is not None:
                    state.alerts.active, state.alerts.restored = known.alerts.active, known.alerts.restored
        self._left_behind |= before._left_behind
        for each in old.values():
            for gone in each:
                self._left_behind |= gone.written

    def evaluate(self, time_ms: int) -> None:
        """All rules, at one moment."""
        began = self._around.clock.monotonic()
        self.tally.iterations += 1
        written = 0
        for state in self.rules:
            written += self._evaluate(state, time_ms)
        if self._left_behind:
            self._end(self._left_behind - self.written(), time_ms)
            self._left_behind = set()
        self.tally.samples = written
        self.evaluated_ms = time_ms
        self.evaluation_s = self._around.clock.monotonic() - began

    def end_series(self, time_ms: int, others: set[Labels]) -> None:
        """The group is gone: so are its series, but for those that others write now."""
        self._end((self.written() | self._left_behind) - others, time_ms)

    def written(self) -> set[Labels]:
        """Series that it has written the last time."""
        return {labels for state in self.rules for labels in state.written}

    def restore(self, now_ms: int) -> None:
        """Since when alerts were active before a restart: they go on waiting where they stopped."""
        for state in self.rules:
            if state.alerts is None:
                continue
            try:
                self._restore(state.alerts, now_ms)
            except OtelierError as error:
                _log.warning(
                    "alert %s: can't tell since when it was active before the restart: %s", state.rule.name, error
                )
            state.alerts.restored = True

    def skip_restore(self) -> None:
        """There is nothing to restore."""
        for state in self.rules:
            if state.alerts is not None:
                state.alerts.restored = True

    # One rule

    def _evaluate(self, state: RuleState, time_ms: int) -> int:
        began = self._around.clock.monotonic()
        self.tally.evaluations += 1
        error = ""
        written = 0
        try:
            at_ms = time_ms - self.definition.query_offset_ms
            samples = self._samples(state, time_ms, at_ms)
            self._tell(state, time_ms)
            written = self._write(state, samples, at_ms)
        except (OtelierError, OSError) as raised:
            error = str(raised)
            self.tally.failures += 1
            # Said once, not at each evaluation.
            say = _log.warning if error != state.error else _log.debug
            say("rule %s of group %s: %s", state.rule.name, self.definition.name, error)
        state.error = error
        state.evaluated_ms = time_ms
        state.evaluation_s = self._around.clock.monotonic() - began
        return written

    def _samples(self, state: RuleState, time_ms: int, at_ms: int) -> Vector:
        group = self.definition
        ask = partial(self._sources.ask, window_ms=group.window_ms or group.interval_ms)
        vector = ask(group.source, state.rule.expr, at_ms)
        if state.alerts is None:
            assert isinstance(state.rule, RecordingRule)
            return _recorded(state.rule, vector, group.limit)

        def query(text: str) -> Iterable[tuple[Labels, float]]:
            try:
                answer = ask("promql", text, at_ms)
            except OtelierError as error:
                raise CallError(str(error)) from None
            return [(labels, value) for labels, value in answer if not isinstance(value, Histogram)]

        around = self._around
        expander = Expander(state.rule.name, query, around.external_labels, around.external_url, time_ms / 1000)

        def expand(text: str, labels: Labels, value: float | Histogram) -> str:
            return expander.expand(text, dict(labels), value)

        return state.alerts.update(vector, time_ms, group.limit, expand)

    def _tell(self, state: RuleState, time_ms: int) -> None:
        if state.alerts is None:
            return
        notices = list(state.alerts.due(time_ms, self._around.resend_ms, self.definition.interval_ms))
        if notices:
            self._around.notify(self.definition.tenant, notices)

    def _write(self, state: RuleState, samples: Vector, at_ms: int) -> int:
        now = {labels for labels, _ in samples}
        ended: list[Sample] = [(labels, at_ms, STALE) for labels in sorted(state.written - now)]
        given: list[Sample] = [(labels, at_ms, value) for labels, value in samples]
        if given or ended:
            self._around.append(self.definition.tenant, given + ended)
        state.written = now
        return len(given)

    def _end(self, series: set[Labels], time_ms: int) -> None:
        at_ms = time_ms - self.definition.query_offset_ms
        ended: list[Sample] = [(labels, at_ms, STALE) for labels in sorted(series)]
        if not ended:
            return
        try:
            self._around.append(self.definition.tenant, ended)
        except (OtelierError, OSError) as error:
            _log.warning("group %s: can't mark the end of %d series: %s", self.definition.name, len(ended), error)

    def _restore(self, alerts: Alerts, now_ms: int) -> None:
        rule, around = alerts.rule, self._around
        if rule.hold_ms < around.grace_ms or not alerts.active:
            return
        before = self._last_states(rule, now_ms)
        for alert in alerts.active.values():
            found = before.get(alert.labels)
            if found is None:
                continue
            down_ms, active_ms = found
            left_ms = rule.hold_ms - (down_ms - active_ms)
            if left_ms > 0:
                # It goes on waiting, but for long enough to see whether it is wrong at all.
                waits_on_ms = active_ms + (now_ms - down_ms)
                active_ms = waits_on_ms if left_ms >= around.grace_ms else now_ms + around.grace_ms - rule.hold_ms
            alert.active_ms = active_ms

    def _last_states(self, rule: AlertingRule, now_ms: int) -> dict[Labels, tuple[int, int]]:
        """By alert: when it was last seen, and since when it was active then, both to the second."""
        matchers = [Matcher("=", NAME, "ALERTS_FOR_STATE"), Matcher("=", "alertname", rule.name)]
        found = self._sources.last(matchers, now_ms - self._around.outage_ms, now_ms)
        # The alerts of this life wrote nothing yet: what is there is of the life before.
        return {
            labels_of(pair for pair in labels if pair[0] != NAME): (time_ms // 1000 * 1000, int(value) * 1000)
            for labels, (time_ms, value) in found.items()
        }


def _recorded(rule: RecordingRule, vector: Vector, limit: int) -> Vector:
    found: dict[Labels, float | Histogram] = {}
    for series, value in vector:
        labels = labels_of({**dict(series), NAME: rule.name, **dict(rule.labels)}.items())
        if labels in found:
            raise RuleError("vector contains metrics with the same labelset after applying rule labels")
        found[labels] = value
    if limit and len(found) > limit:
        raise RuleError(f"exceeded limit of {limit} with {len(found)} series")
    return list(found.items())
