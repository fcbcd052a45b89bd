"""slack: a message to an incoming webhook."""

import json
from typing import Any

from ...component import Clock
from ...scrape.client import Asker
from ...scrape.config.rules import SlackConfig
from .message import Message, lines

_ANSWER_BYTES = 64 << 10
_LINES_MAX = 20
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class Slack:
    """A Sender. Raises ValueError for TLS files that can't be used."""

    def __init__(self, config: SlackConfig, clock: Clock) -> None:
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
        body = json.dumps(self.payload(message), ensure_ascii=False).encode()
        headers = [("content-type", "application/json")]
        url, timeout_s = self._config.api_url.reveal(), float(self._config.timeout)
        status, _, answer = self._asker.ask("POST", url, headers, body, timeout_s)
        if status // 100 != 2:
            raise OSError(f"Slack answers HTTP status {status}: {answer[:200].decode(errors='replace')}")

    def payload(self, message: Message) -> dict[str, Any]:
        """Text from alerts can make no links and mention nobody."""
        shown = [line.translate(_ESCAPED) for line in lines(message)]
        if len(shown) > _LINES_MAX:
            shown = [*shown[:_LINES_MAX], f"… and {len(shown) - _LINES_MAX} more"]
        title = message.title.translate(_ESCAPED)
        given: dict[str, Any] = {
            "username": self._config.username,
            "attachments": [
                {
                    "fallback": title,
                    "title": title,
                    "title_link": f"{message.external_url}/alerts" if message.external_url else "",
                    "text": "\n".join(shown),
                    "color": "danger" if message.firing else "good",
                }
            ],
        }
        if self._config.channel:
            given["channel"] = self._config.channel
        return given
