"""All groups while they run: each at its own aligned moments, a few at a time; reloaded, looked at, stopped."""

import hashlib
import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from ..component import Meter, Timer
from ..query import rules_state
from ..query.promql.histograms import Histogram
from .alerts import Alert
from .definitions import AlertingRule, RuleGroup
from .group import Group, RuleState, Surroundings
from .meters import observe

_log = logging.getLogger(__name__)
_MS = 1_000_000
_AT_ONCE = 2
"""Groups that are evaluated at the same time; others wait a moment."""
_EVALUATIONS_BEFORE_RESTORE = 2
"""What alerts are about may need an evaluation to be there again."""


@dataclass(slots=True)
class _Running:
    group: Group
    due_ms: int
    timer: Timer | None = None
    restores: bool = False
    evaluations: int = 0


class Rules:
    """One life: made → `start` → `reload`… → `stop`. A RulesState but for Alertmanagers."""

    def __init__(self, groups: Iterable[RuleGroup], around: Surroundings, meter: Meter | None = None) -> None:
        self._around = around
        self._lock = threading.RLock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._running: dict[str, _Running] = {}
        self._ending: list[Timer] = []
        self._started = False
        for each in groups:
            self._running[each.key] = _Running(Group(each, around), 0, restores=True)
        if meter is not None:
            observe(meter, self.running)

    def start(self) -> None:
        """Evaluate from now on, and find out since when alerts were active before."""
        with self._lock:
            self._started = True
            for each in self._running.values():
                self._start(each)

    def reload(self, groups: Iterable[RuleGroup], around: Surroundings | None = None) -> None:
        """Other groups; those that are not new go on from where they were. Series of those that are gone end."""
        with self._lock:
            changed = around is not None
            self._around = around or self._around
            before, self._running = self._running, {}
            for definition in groups:
                old = before.pop(definition.key, None)
                if old is not None and old.group.definition == definition and not changed:
                    self._running[definition.key] = old
                    continue
                if old is not None and old.timer is not None:
                    old.timer.close()
                group = Group(definition, self._around)
                running = _Running(group, 0, restores=old.restores if old else False)
                if old is not None:
                    group.take_over(old.group)
                    running.evaluations = old.evaluations
                else:
                    group.skip_restore()
                self._running[definition.key] = running
                if self._started:
                    self._start(running)
            for gone in before.values():
                self._end(gone)

    def stop(self) -> None:
        """No further evaluations; one under way ends."""
        with self._lock:
            timers = [each.timer for each in self._running.values() if each.timer] + self._ending
            self._started = False
        for timer in timers:
            timer.close()

    def running(self) -> list[Group]:
        """In the order of their files."""
        with self._lock:
            groups = [each.group for each in self._running.values()]
        return sorted(groups, key=lambda each: (each.definition.file, each.definition.name))

    def groups(self, tenant: str) -> Sequence[rules_state.RuleGroup]:
        """As they are now, for the API."""
        return [_shown(each) for each in self.running() if each.definition.tenant == tenant]

    def _start(self, running: _Running) -> None:
        now_ms = self._now_ms()
        interval_ms = running.group.definition.interval_ms
        offset_ms = offset(running.group.definition)
        running.due_ms = (now_ms - offset_ms) // interval_ms * interval_ms + offset_ms + interval_ms
        running.timer = self._around.clock.timer(
            partial(self._tick, running), f"otelier:rules:{running.group.definition.name}"
        )
        running.timer.start((running.due_ms - now_ms) / 1000)

    def _tick(self, running: _Running) -> None:
        group = running.group
        interval_ms = group.definition.interval_ms
        if missed := max(0, (self._now_ms() - running.due_ms) // interval_ms):
            group.tally.missed += missed
            group.tally.iterations += missed
            running.due_ms += missed * interval_ms
        try:
            with self._turns:
                group.evaluate(running.due_ms)
                running.evaluations += 1
                if running.restores and running.evaluations == _EVALUATIONS_BEFORE_RESTORE:
                    group.restore(self._now_ms())
                    running.restores = False
        except Exception:  # noqa: BLE001 (one broken group must not end the others, nor itself)
            _log.exception("group %s", group.definition.name)
        with self._lock:
            if not self._started or self._running.get(group.definition.key) is not running or running.timer is None:
                return
            running.due_ms += interval_ms
            running.timer.start(max(0.0, (running.due_ms - self._now_ms()) / 1000))

    def _end(self, gone: _Running) -> None:
        """After two intervals, in which a rule under a new name may have begun to write the same series."""
        if gone.timer is not None:
            gone.timer.close()
        interval_ms = gone.group.definition.interval_ms

        def end() -> None:
            tenant = gone.group.definition.tenant
            others = {
                labels for each in self.running() if each.definition.tenant == tenant for labels in each.written()
            }
            gone.group.end_series(self._now_ms(), others)
            with self._lock:
                self._ending.remove(timer)
            timer.close()

        timer = self._around.clock.timer(end, "otelier:rules:end")
        self._ending.append(timer)
        timer.start(2 * interval_ms / 1000)

    def _now_ms(self) -> int:
        return self._around.clock.time_ns() // _MS


def offset(group: RuleGroup) -> int:
    """Where in its interval a group is evaluated, in milliseconds; spreads groups over time, always alike."""
    digest = hashlib.sha256(group.key.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") % group.interval_ms


def _shown(group: Group) -> rules_state.RuleGroup:
    definition = group.definition
    return rules_state.RuleGroup(
        name=definition.name,
        file=definition.file,
        interval_s=definition.interval_ms / 1000,
        limit=definition.limit,
        evaluation_s=group.evaluation_s,
        evaluated_ns=group.evaluated_ms * _MS,
        rules=tuple(_shown_rule(each) for each in group.rules),
    )


def _shown_rule(state: RuleState) -> rules_state.Rule:
    rule = state.rule
    alerting = rule if isinstance(rule, AlertingRule) else None
    return rules_state.Rule(
        kind="alerting" if alerting else "recording",
        name=rule.name,
        query=rule.expr,
        labels=rule.labels,
        health="err" if state.error else "ok" if state.evaluated_ms else "unknown",
        last_error=state.error,
        evaluation_s=state.evaluation_s,
        evaluated_ns=state.evaluated_ms * _MS,
        state=state.alerts.state if state.alerts else "inactive",
        for_s=alerting.hold_ms / 1000 if alerting else 0.0,
        keep_firing_for_s=alerting.keep_firing_ms / 1000 if alerting else 0.0,
        annotations=alerting.annotations if alerting else (),
        alerts=tuple(map(_shown_alert, state.alerts.current())) if state.alerts else (),
    )


def _shown_alert(alert: Alert) -> rules_state.Alert:
    return rules_state.Alert(
        labels=alert.labels,
        annotations=alert.annotations,
        state=alert.state,
        active_ns=alert.active_ms * _MS,
        value=alert.value.count if isinstance(alert.value, Histogram) else alert.value,
        keep_firing_since_ns=alert.keep_firing_since_ms * _MS,
    )
