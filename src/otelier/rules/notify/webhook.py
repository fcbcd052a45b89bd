"""webhook: posts JSON in the form that Alertmanager's webhooks have (version 4)."""

import json
from typing import Any

from ...component import Clock
from ...scrape.client import Asker
from ...scrape.config.rules import WebhookConfig
from .message import Message
from .told import Told, moment

_ANSWER_BYTES = 64 << 10
_NEVER = "0001-01-01T00:00:00Z"


class Webhook:
    """A Sender. Raises ValueError for TLS files that can't be used."""

    def __init__(self, config: WebhookConfig, clock: Clock) -> None:
        self._config = config
        self._asker = Asker(config, clock, body_limit=_ANSWER_BYTES)

    def start(self) -> None:
        """As in Sender."""
        self._asker.start()

    def stop(self) -> None:
        """As in Sender."""
        self._asker.stop()

    def send(self, message: Message) -> None:
        """As in Sender."""
        body = json.dumps(payload(message, self._config.max_alerts), ensure_ascii=False).encode()
        headers = [("content-type", "application/json"), ("user-agent", "Otelier")]
        status = self._asker.ask("POST", self._config.url.reveal(), headers, body, float(self._config.timeout))[0]
        if status // 100 != 2:
            raise OSError(f"the webhook answers HTTP status {status}")


def payload(message: Message, most: int = 0) -> dict[str, Any]:
    """The message as JSON says it."""
    alerts = list(message.alerts)[: most or None]
    return {
        "version": "4",
        "groupKey": message.group_key,
        "truncatedAlerts": len(message.alerts) - len(alerts),
        "status": message.status,
        "receiver": message.receiver,
        "groupLabels": dict(message.group_labels),
        "commonLabels": message.common_labels,
        "commonAnnotations": message.common_annotations,
        "externalURL": message.external_url,
        "alerts": list(map(_alert, alerts)),
    }


def _alert(alert: Told) -> dict[str, Any]:
    return {
        "status": "resolved" if alert.resolved else "firing",
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": moment(alert.starts_ms),
        "endsAt": moment(alert.ends_ms) if alert.resolved else _NEVER,
        "generatorURL": alert.url,
        "fingerprint": fingerprint(alert),
    }


def fingerprint(alert: Told) -> str:
    """Of the labels: 64-bit FNV-1a over names and values, each ended by the byte 255, as Prometheus makes it."""
    found = 0xCBF29CE484222325
    for byte in b"".join(text.encode(errors="surrogateescape") + b"\xff" for pair in alert.key for text in pair):
        found = (found ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{found:016x}"
