"""Silences: for some time, alerts that fit are not told of. Kept in a file, as Alertmanager's API shows them."""

import json
import os
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from ...component import Clock
from ...query.errors import BadQuery
from ...wire.prometheus.alert_matcher import AlertMatcher, BadMatcher
from .told import moment

_MS = 1_000_000
_KEPT_MS = 5 * 86_400_000
"""So long a silence that has ended is still shown."""


@dataclass(frozen=True, slots=True)
class Silence:
    """One of them; times in milliseconds."""

    id: str
    matchers: tuple[AlertMatcher, ...]
    starts_ms: int
    ends_ms: int
    created_by: str
    comment: str
    updated_ms: int

    def state(self, now_ms: int) -> Literal["pending", "active", "expired"]:
        """Whether it counts now."""
        return "expired" if now_ms >= self.ends_ms else "pending" if now_ms < self.starts_ms else "active"

    def fits(self, labels: Mapping[str, str]) -> bool:
        """A label that isn't there is empty."""
        return all(each.fits(labels.get(each.name, "")) for each in self.matchers)


class Silences:
    """All of them, durable; asked and changed from any thread. Raises OSError where the file can't be read."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Silence] = {}
        if path.exists():
            try:
                given = json.loads(path.read_bytes())
                self._known = {each["id"]: _read(each, each["id"], 0) for each in given}
            except (ValueError, KeyError, TypeError, BadQuery) as error:
                raise OSError(f"{path} holds no silences: {error}; move it away to begin without any") from None

    def silenced(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert is not to be told of now."""
        now_ms = self._now_ms()
        with self._lock:
            known = list(self._known.values())
        return any(each.state(now_ms) == "active" and each.fits(labels) for each in known)

    def put(self, given: Any) -> str:
        """Make one, or change the one of that `id`; as Alertmanager's `POST /api/v2/silences`. Raises BadQuery."""
        now_ms = self._now_ms()
        with self._lock:
            made = _read(given, str(uuid.uuid4()), now_ms)
            old = self._known.get(str(given.get("id") or ""))
            if made.ends_ms <= made.starts_ms:
                raise BadQuery("end time must be after the start")
            if made.ends_ms <= now_ms:
                raise BadQuery("end time can't be in the past")
            changed: dict[str, Silence] = {}
            if old is not None and old.state(now_ms) != "expired":
                if old.matchers == made.matchers:
                    made = replace(made, id=old.id)
                else:
                    changed[old.id] = _ended(old, now_ms)
            self._save(changed | {made.id: made})
        return made.id

    def expire(self, id_: str) -> bool:
        """End one now; False if there is none."""
        now_ms = self._now_ms()
        with self._lock:
            if id_ not in self._known:
                return False
            old = self._known[id_]
            if old.state(now_ms) != "expired":
                self._save({id_: _ended(old, now_ms)})
        return True

    def shown(self) -> list[dict[str, Any]]:
        """All, as Alertmanager's `GET /api/v2/silences`: those that count first."""
        now_ms = self._now_ms()
        with self._lock:
            known = list(self._known.values())
        order = {"active": 0, "pending": 1, "expired": 2}
        known.sort(key=lambda each: (order[each.state(now_ms)], each.ends_ms))
        return [{**_written(each), "status": {"state": each.state(now_ms)}} for each in known]

    def _save(self, changed: Mapping[str, Silence]) -> None:
        """What can't be written doesn't count. Raises OSError, ValueError."""
        now_ms = self._now_ms()
        known = {id_: each for id_, each in {**self._known, **changed}.items() if now_ms < each.ends_ms + _KEPT_MS}
        data = json.dumps([_written(each) for each in known.values()], indent=1, ensure_ascii=False).encode()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)
        self._known = known
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _now_ms(self) -> int:
        return self._clock.time_ns() // _MS


def _read(given: Any, id_: str, now_ms: int) -> Silence:
    """Raises BadQuery."""
    try:
        matchers = tuple(_matcher(each) for each in given["matchers"])
        starts_ms = max(_time(given["startsAt"]), now_ms)
        ends_ms = _time(given["endsAt"])
        created_by, comment = str(given.get("createdBy", "")), str(given.get("comment", ""))
        updated_ms = _time(given["updatedAt"]) if "updatedAt" in given else now_ms
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadQuery(f"a silence has matchers, startsAt and endsAt: {error}") from None
    if not matchers or all(each.equal and each.fits("") for each in matchers):
        raise BadQuery("at least one matcher must not fit the empty text")
    return Silence(id_, matchers, starts_ms, ends_ms, created_by, comment, updated_ms)


def _ended(silence: Silence, now_ms: int) -> Silence:
    return replace(silence, starts_ms=min(silence.starts_ms, now_ms), ends_ms=now_ms, updated_ms=now_ms)


def _matcher(given: Any) -> AlertMatcher:
    regex, equal = bool(given.get("isRegex", False)), bool(given.get("isEqual", True))
    try:
        return AlertMatcher(str(given["name"]), str(given["value"]), regex, equal).check()
    except BadMatcher as error:
        raise BadQuery(str(error)) from None


def _written(silence: Silence) -> dict[str, Any]:
    return {
        "id": silence.id,
        "matchers": [
            {"name": each.name, "value": each.value, "isRegex": each.regex, "isEqual": each.equal}
            for each in silence.matchers
        ],
        "startsAt": moment(silence.starts_ms),
        "endsAt": moment(silence.ends_ms),
        "updatedAt": moment(silence.updated_ms),
        "createdBy": silence.created_by,
        "comment": silence.comment,
    }


def _time(text: str) -> int:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no zone; write it as 2026-11-26T10:00:00Z")
    return round(found.timestamp() * 1000)
