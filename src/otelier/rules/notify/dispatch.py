"""Our own notifications: alerts in groups, a message when a group changes, and again after some time if it doesn't.

Waits and intervals are those of Alertmanager. What is silenced or inhibited is not told of, and is
no reason for a message.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from ...component import Clock, Meter, Timer
from ...scrape.config.rules import NotifyConfig, ReceiverConfig
from ..alerts import Notice
from .counters import Counters
from .inhibit import Inhibition
from .mail import Mail
from .matching import Matchers
from .message import Message, Sender
from .silences import Silences
from .slack import Slack
from .told import Outward, Told
from .webhook import Webhook

_log = logging.getLogger(__name__)
_MS = 1_000_000
_FIRST_PAUSE_S = 10.0
_EACH = "..."
Key = tuple[tuple[str, str], ...]
MakeSenders = Callable[[ReceiverConfig], list[Sender]]


@dataclass(slots=True)
class _Receiver:
    config: ReceiverConfig
    matchers: Matchers
    senders: list[Sender]


@dataclass(slots=True)
class _Group:
    """Alerts of one receiver that are one message."""

    receiver: _Receiver
    labels: Key
    alerts: dict[Key, Told] = field(default_factory=dict[Key, Told])
    told_firing: frozenset[Key] = frozenset()
    """What the last message said of."""
    told_ms: int = 0
    failures: int = 0
    timer: Timer | None = None


class Dispatcher:
    """Used from any thread. Raises ValueError for TLS files that can't be used."""

    def __init__(
        self,
        config: NotifyConfig,
        outward: Outward,
        silences: Silences,
        clock: Clock,
        meter: Meter,
        external_url: str = "",
        make: MakeSenders | None = None,
    ) -> None:
        self._config = config
        self._outward = outward
        self._silences = silences
        self._clock = clock
        self._counters = Counters(meter)
        self._url = external_url.rstrip("/")
        self._inhibition = Inhibition(config.inhibit_rules)
        make = make or partial(senders, clock=clock)
        self._receivers = [_Receiver(each, Matchers(each.matchers), make(each)) for each in config.receivers]
        self._lock = threading.RLock()
        self._groups: dict[tuple[str, Key], _Group] = {}
        self._stopped = False

    def start(self) -> None:
        """Get all ways to tell ready."""
        for sender in self._senders():
            sender.start()

    def stop(self) -> None:
        """No further messages."""
        with self._lock:
            self._stopped = True
            timers = [each.timer for each in self._groups.values() if each.timer]
        for timer in timers:
            timer.close(1.0)
        for sender in self._senders():
            sender.stop()

    def urls(self) -> tuple[list[str], list[str]]:
        """There is no Alertmanager."""
        return [], []

    def notify(self, notices: Sequence[Notice]) -> None:
        """Take alerts in; messages follow."""
        with self._lock:
            if self._stopped:
                return
            for alert in self._outward.told(notices):
                for receiver in self._receivers:
                    if receiver.matchers.fit(alert.labels):
                        self._take(receiver, alert)

    def _senders(self) -> Iterator[Sender]:
        return (sender for receiver in self._receivers for sender in receiver.senders)

    def _take(self, receiver: _Receiver, alert: Told) -> None:
        by = self._config.group_by
        labels = alert.key if _EACH in by else tuple((name, alert.labels[name]) for name in by if name in alert.labels)
        group = self._groups.get((receiver.config.name, labels))
        if group is None:
            if alert.resolved:
                return
            group = _Group(receiver, labels)
            self._groups[(receiver.config.name, labels)] = group
            group.timer = self._clock.timer(partial(self._flush, group), "otelier:notify")
            group.timer.start(float(self._config.group_wait))
        if alert.resolved and alert.key not in group.alerts:
            return
        group.alerts[alert.key] = alert

    def _flush(self, group: _Group) -> None:
        """Tell of the group if there is something to tell; then wait for the next time."""
        now_ms = self._clock.time_ns() // _MS
        with self._lock:
            alerts = [_as_of(each, now_ms) for each in group.alerts.values()]
            firing = [each for found in self._groups.values() for each in found.alerts.values() if not each.resolved]
        heard = [each for each in alerts if not self._muted(each, firing)]
        told = self._worth_telling(group, heard, now_ms)
        failed = bool(told) and not self._send(group, told)
        with self._lock:
            if self._stopped or group.timer is None:
                return
            if failed:
                pause_s = min(_FIRST_PAUSE_S * 2**group.failures, float(self._config.group_interval))
                group.failures += 1
                group.timer.start(pause_s)
                return
            group.failures = 0
            if told:
                group.told_firing = frozenset(each.key for each in told if not each.resolved)
                group.told_ms = now_ms
            self._forget(group, alerts)
            if group.alerts:
                group.timer.start(float(self._config.group_interval))
                return
            del self._groups[(group.receiver.config.name, group.labels)]
            timer, group.timer = group.timer, None
        timer.close()

    def _forget(self, group: _Group, seen: Sequence[Told]) -> None:
        """What was over when it was looked at, unless something was heard of it meanwhile."""
        for each in seen:
            now = group.alerts.get(each.key)
            if each.resolved and now is not None and now.ends_ms <= each.ends_ms:
                del group.alerts[each.key]

    def _muted(self, alert: Told, firing: Sequence[Told]) -> bool:
        return self._silences.silenced(alert.labels) or self._inhibition.mutes(alert, firing)

    def _worth_telling(self, group: _Group, alerts: Sequence[Told], now_ms: int) -> list[Told]:
        firing = frozenset(each.key for each in alerts if not each.resolved)
        over = [each for each in alerts if each.resolved and each.key in group.told_firing]
        if not group.receiver.config.send_resolved:
            over = []
        repeat = bool(firing) and now_ms - group.told_ms >= round(self._config.repeat_interval * 1000)
        if not (firing - group.told_firing or over or repeat):
            return []
        going_on = [each for each in alerts if not each.resolved]
        return sorted(going_on, key=lambda each: each.key) + sorted(over, key=lambda each: each.key)

    def _send(self, group: _Group, alerts: Sequence[Told]) -> bool:
        name = group.receiver.config.name
        key = f"{{{name}}}:{json.dumps(dict(group.labels), ensure_ascii=False)}"
        message = Message(name, key, dict(group.labels), alerts, self._url)
        well = True
        for sender in group.receiver.senders:
            began = self._clock.monotonic()
            try:
                sender.send(message)
                self._counters.sent(name, len(alerts), self._clock.monotonic() - began)
            except (OSError, ValueError) as error:
                self._counters.failed(name)
                _log.warning(
                    "receiver %s was not told of %d alerts, which is tried again: %s", name, len(alerts), error
                )
                well = False
        return well


def senders(config: ReceiverConfig, clock: Clock) -> list[Sender]:
    """All ways of a receiver. Raises ValueError for TLS files that can't be used."""
    found: list[Sender] = []
    if config.webhook:
        found.append(Webhook(config.webhook, clock))
    if config.slack:
        found.append(Slack(config.slack, clock))
    if config.email:
        found.append(Mail(config.email))
    return found


def _as_of(alert: Told, now_ms: int) -> Told:
    """An alert of which nothing was heard until its end is over."""
    if alert.resolved or alert.ends_ms > now_ms:
        return alert
    return Told(alert.labels, alert.annotations, alert.starts_ms, alert.ends_ms, True, alert.url)
