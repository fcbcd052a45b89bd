"""http: a list of targets that is asked for again and again; without a good answer the last one counts."""

import json
from collections.abc import Sequence

from ...component import Context
from ..client import Asker
from ..config import HttpSd
from ..target import TargetGroup
from .contract import Found, Poll, groups_of


class HttpDiscovery:
    """Asks."""

    def __init__(self, config: HttpSd, ctx: Context, found: Found) -> None:
        self._config = config
        self._asker = Asker(config, ctx.clock)
        self._poll = Poll(ctx, f"http_sd {config.url}", float(config.refresh_interval), self._look, found)

    def start(self) -> None:
        """Ask for the first time."""
        self._asker.start()
        self._poll.start()

    def stop(self) -> None:
        """Ask no more."""
        self._poll.stop()
        self._asker.stop()

    def _look(self) -> Sequence[TargetGroup]:
        interval = float(self._config.refresh_interval)
        headers = [
            ("accept", "application/json"),
            ("x-prometheus-refresh-interval-seconds", f"{interval:g}"),
        ]
        status, answered, body = self._asker.ask("GET", self._config.url, headers, b"", interval)
        if status != 200:
            raise ValueError(f"HTTP status {status}")
        if not answered.get("content-type", "").strip().lower().startswith("application/json"):
            raise ValueError(f"Content-Type {answered.get('content-type', '')!r} is not application/json")
        return groups_of(json.loads(body), self._config.url, {"__meta_url": self._config.url})
