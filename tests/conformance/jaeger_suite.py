"""Jaeger's storage suite as data: its traces and queries, moved from January 2017 to the last two days.

Where it lies and how it is used: README.md of the shared folder's `conformance`.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from otelier.telemetry import Batch

_DAY_NS = 86_400 * 10**9
_TIMES = {"startTimeUnixNano", "endTimeUnixNano", "timeUnixNano"}
_NEWER = datetime(2017, 1, 26, tzinfo=UTC)


@dataclass(frozen=True)
class Query:
    caption: str
    service: str
    operation: str
    tags: dict[str, str]
    """Values as texts: the forms that are sent."""
    start_ns: int
    end_ns: int
    min_ns: int
    max_ns: int
    expected: tuple[str, ...]
    """Names of traces."""


class Suite:
    """The later of the two days becomes yesterday, by UTC."""

    def __init__(self, shared: Path) -> None:
        folder = shared / "conformance" / "jaeger"
        self._shift_ns = (time.time_ns() // _DAY_NS - 1) * _DAY_NS - int(_NEWER.timestamp()) * 10**9
        self.traces: dict[str, Batch] = {
            path.stem: Batch.from_json("traces", json.dumps(self._moved(json.loads(path.read_text()))).encode())
            for path in sorted((folder / "traces").glob("*.json"))
        }
        self.queries = [self._query(each) for each in json.loads((folder / "queries.json").read_text())]

    def trace_ids(self, names: tuple[str, ...]) -> dict[str, int]:
        """Spans by trace id in hex."""
        counts: dict[str, int] = {}
        for name in names:
            ids = self.traces[name].trace_ids()
            for at in range(0, len(ids), 16):
                trace_id = ids[at : at + 16].hex()
                counts[trace_id] = counts.get(trace_id, 0) + 1
        return counts

    def digest(self, names: tuple[str, ...]) -> int:
        """Of all spans of these traces."""
        return Batch.join([self.traces[name] for name in names]).digest()

    def _moved(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._moved(each) for each in node]
        if isinstance(node, dict):
            return {
                key: str(int(value) + self._shift_ns) if key in _TIMES else self._moved(value)
                for key, value in node.items()
            }
        return node

    def _query(self, entry: dict[str, Any]) -> Query:
        asked = entry["Query"]
        tags = {key: _text(value) for key, value in (asked["Tags"] or {}).items()}
        return Query(
            entry["Caption"],
            asked["ServiceName"],
            asked["OperationName"],
            tags,
            self._time(asked["StartTimeMin"]),
            self._time(asked["StartTimeMax"]),
            asked["DurationMin"],
            asked["DurationMax"],
            tuple(entry["ExpectedFixtures"]),
        )

    def _time(self, text: str) -> int:
        return round(datetime.fromisoformat(text).timestamp() * 10**6) * 1000 + self._shift_ns


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def iso(ns: int) -> str:
    """RFC 3339, to the microsecond."""
    return datetime.fromtimestamp(ns // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ns % 10**9 // 1000:06}Z"
