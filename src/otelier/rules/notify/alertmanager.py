"""Tells Alertmanagers: API v2, in batches, each with a queue of its own, so that one that is slow delays no other.

An alert that can't be told is told again with the next evaluation anyway; so after a few tries a batch is dropped and
counted.
"""

import json
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from ...component import Clock, ComponentID, Context, Meter
from ...scrape.client import Asker
from ...scrape.config.alerting import AlertmanagerConfig
from ...scrape.discovery import discoveries
from ...scrape.discovery.contract import Discovery
from ...scrape.relabel import Relabelling
from ...scrape.target import ADDRESS, TargetGroup
from ..alerts import Notice
from .counters import Counters
from .told import Outward, Told, moment

_log = logging.getLogger(__name__)
_PATH = "/api/v2/alerts"
_BATCH = 256
_QUEUE = 10_000
_PAUSES_S = (0.5, 2.0)
"""Before the second and the third try; then the batch is dropped."""
_ANSWER_BYTES = 64 << 10


class Alertmanagers:
    """All that are configured. Start and stop it once; `notify` may be called from any thread."""

    def __init__(self, configs: Iterable[AlertmanagerConfig], outward: Outward, clock: Clock, meter: Meter) -> None:
        """Raises ValueError for TLS files that can't be used."""
        self._outward = outward
        self._counters = Counters(meter)
        self._sets = [_Set(each, clock, meter, self._counters) for each in configs]
        self._counters.watch(self._lines)

    def start(self) -> None:
        """Find them."""
        for each in self._sets:
            each.start()

    def stop(self) -> None:
        """Tell nobody any more; what waits is dropped, and told by the next life."""
        self._counters.unwatch()
        for each in self._sets:
            each.stop()

    def notify(self, notices: Sequence[Notice]) -> None:
        """Tell all; returns at once."""
        if told := self._outward.told(notices):
            for each in self._sets:
                each.tell(told)

    def urls(self) -> tuple[list[str], list[str]]:
        """Of those that are told, and of those that relabelling dropped."""
        active = [line.url for each in self._sets for line in each.lines()]
        return active, [url for each in self._sets for url in each.dropped]

    def _lines(self) -> list[tuple[str, int, int]]:
        return [(line.url, line.waiting, _QUEUE) for each in self._sets for line in each.lines()]


class _Set:
    """Those of one entry of the configuration."""

    def __init__(self, config: AlertmanagerConfig, clock: Clock, meter: Meter, counters: Counters) -> None:
        self._config = config
        self._clock = clock
        self._counters = counters
        self._asker = Asker(config, clock, body_limit=_ANSWER_BYTES)
        self._relabelling = Relabelling(config.relabel_configs)
        self._of_alerts = Relabelling(config.alert_relabel_configs)
        self._lock = threading.Lock()
        self._found: dict[int, Sequence[TargetGroup]] = {}
        self._lines: dict[str, _Line] = {}
        self.dropped: list[str] = []
        ctx = Context(ComponentID.parse("alertmanagers"), clock, meter, logging.LoggerAdapter(_log))
        self._discoveries: list[Discovery] = [
            make(ctx, partial(self._took, number)) for number, make in enumerate(discoveries(config))
        ]

    def start(self) -> None:
        self._asker.start()
        for each in self._discoveries:
            each.start()

    def stop(self) -> None:
        for each in self._discoveries:
            each.stop()
        self._asker.stop()
        for line in self.lines():
            line.stop()

    def lines(self) -> "list[_Line]":
        with self._lock:
            return list(self._lines.values())

    def tell(self, alerts: Sequence[Told]) -> None:
        if self._of_alerts:
            alerts = [each for each in map(self._relabelled, alerts) if each is not None]
        if alerts:
            for line in self.lines():
                line.put(alerts)

    def _relabelled(self, alert: Told) -> Told | None:
        labels = dict(alert.labels)
        if not self._of_alerts(labels):
            return None
        return Told(labels, alert.annotations, alert.starts_ms, alert.ends_ms, alert.resolved, alert.url)

    def _took(self, number: int, groups: Sequence[TargetGroup]) -> None:
        with self._lock:
            self._found[number] = groups
            active: dict[str, None] = {}
            dropped: list[str] = []
            for group in (each for found in self._found.values() for each in found):
                for own in group.targets:
                    labels = {
                        "__scheme__": self._config.scheme,
                        "__alerts_path__": _joined(self._config.path_prefix, _PATH),
                        **group.labels,
                        **own,
                    }
                    whole = _url(labels)
                    if self._relabelling(labels) and labels.get(ADDRESS):
                        active[_url(labels)] = None
                    else:
                        dropped.append(whole)
            self.dropped = dropped
            gone = [self._lines.pop(url) for url in list(self._lines) if url not in active]
            for url in active:
                if url not in self._lines:
                    self._lines[url] = _Line(url, self._send, self._clock, self._counters)
        for line in gone:
            line.stop()

    def _send(self, url: str, body: bytes) -> int:
        """The answer's status. Raises OSError."""
        headers = [("content-type", "application/json"), ("user-agent", "Otelier")]
        return self._asker.ask("POST", url, headers, body, float(self._config.timeout))[0]


class _Line:
    """One Alertmanager: what waits for it, and the thread that tells it."""

    def __init__(self, url: str, send: Callable[[str, bytes], int], clock: Clock, counters: Counters) -> None:
        self.url = url
        self._send = send
        self._clock = clock
        self._counters = counters
        self._lock = threading.Lock()
        self._waiting: deque[Told] = deque()
        self._tries = 0
        self._stopped = False
        self._timer = clock.timer(self._run, "otelier:alertmanager")

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, alerts: Sequence[Told]) -> None:
        with self._lock:
            self._waiting.extend(alerts)
            over = len(self._waiting) - _QUEUE
            for _ in range(max(0, over)):
                self._waiting.popleft()
            idle = not self._tries and not self._stopped
        if over > 0:
            self._counters.dropped(self.url, "queue_full", over)
            _log.warning("%s does not keep up: %d alerts were dropped", self.url, over)
        if idle:
            self._timer.start(0)

    def stop(self) -> None:
        self._stopped = True
        self._timer.close(1.0)

    def _run(self) -> None:
        while not self._stopped:
            with self._lock:
                batch = [self._waiting[number] for number in range(min(_BATCH, len(self._waiting)))]
            if not batch:
                return
            wrong, again = self._tell(batch)
            if wrong and again and self._tries < len(_PAUSES_S):
                self._tries += 1
                self._timer.start(_PAUSES_S[self._tries - 1])
                return
            self._tries = 0
            if wrong:
                self._counters.dropped(self.url, "failed", len(batch))
                _log.warning("%s was not told of %d alerts: %s", self.url, len(batch), wrong)
            with self._lock:
                for each in batch:
                    if self._waiting and self._waiting[0] is each:
                        self._waiting.popleft()

    def _tell(self, batch: Sequence[Told]) -> tuple[str, bool]:
        """What went wrong, if something did, and whether it may go right the next time."""
        began = self._clock.monotonic()
        try:
            status = self._send(self.url, json.dumps(list(map(_json, batch)), ensure_ascii=False).encode())
        except (OSError, ValueError) as error:
            self._counters.failed(self.url)
            return str(error), True
        if status // 100 != 2:
            self._counters.failed(self.url)
            return f"HTTP status {status}", status // 100 == 5 or status == 429
        self._counters.sent(self.url, len(batch), self._clock.monotonic() - began)
        return "", False


def _json(alert: Told) -> dict[str, object]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": moment(alert.starts_ms),
        "endsAt": moment(alert.ends_ms),
        "generatorURL": alert.url,
    }


def _joined(prefix: str, path: str) -> str:
    return f"/{prefix.strip('/')}{path}" if prefix.strip("/") else path


def _url(labels: dict[str, str]) -> str:
    return f"{labels.get('__scheme__', '')}://{labels.get(ADDRESS, '')}{labels.get('__alerts_path__', '')}"
