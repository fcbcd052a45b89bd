"""Otelier's own log: `service.telemetry.logs` applied to the logger `otelier`.

`console` lines are for people: time, level, component, message. `json` lines are one object each with the keys of
the Collector's log: `level`, `ts`, `caller`, `msg`, `otelcol.component.id`, `otelcol.component.kind`, `otelcol.signal`.
Of many equal lines the first are written and then every so-many-th; lines are equal if level and text before
its arguments are.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .settings import LOG_LEVELS, LogSampling, LogSettings

_ROOT = logging.getLogger("otelier")
_COMPONENT = {
    "component_id": "otelcol.component.id",
    "component_kind": "otelcol.component.kind",
    "signal": "otelcol.signal",
}


def set_up_logs(settings: LogSettings) -> None:
    """Send everything logged under `otelier` where the settings say; replaces what an earlier call set up.

    Raises OSError where a file can't be opened.
    """
    level = LOG_LEVELS[settings.level.lower()]
    formatter = _Json(settings) if settings.encoding == "json" else _Console(settings)
    handlers = [_handler(path) for path in settings.output_paths]
    for handler in handlers:
        handler.setFormatter(formatter)
        if settings.sampling.enabled:
            handler.addFilter(_Sampler(settings.sampling))
    for old in _ROOT.handlers[:]:
        _ROOT.removeHandler(old)
        old.close()
    for handler in handlers:
        _ROOT.addHandler(handler)
    _ROOT.setLevel(level)
    _ROOT.propagate = False


def _handler(path: str) -> logging.Handler:
    if path in ("stderr", "stdout"):
        return logging.StreamHandler(sys.stderr if path == "stderr" else sys.stdout)
    return logging.FileHandler(path, encoding="utf-8")


_MOST_KINDS = 10_000
"""Different messages that are told apart within a tick."""


class _Sampler(logging.Filter):
    def __init__(self, settings: LogSampling) -> None:
        super().__init__()
        self._settings = settings
        self._until_s = 0.0
        self._seen: dict[tuple[int, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now >= self._until_s:
            self._seen.clear()
            self._until_s = now + self._settings.tick
        # A template that is nothing but its argument says nothing about what is equal. A hash, because a text may be
        # a whole batch printed by `debug`.
        key = (record.levelno, hash(record.getMessage() if record.msg == "%s" else str(record.msg)))
        if len(self._seen) >= _MOST_KINDS:
            self._seen.clear()
        seen = self._seen[key] = self._seen.get(key, 0) + 1
        beyond, every = seen - self._settings.initial, self._settings.thereafter
        return beyond <= 0 or (every > 0 and beyond % every == 0)


class _Formatter(logging.Formatter):
    def __init__(self, settings: LogSettings) -> None:
        super().__init__()
        self._fields = settings.initial_fields
        self._caller = not settings.disable_caller
        self._trace_from = logging.WARNING if settings.development else logging.ERROR
        self._traces = not settings.disable_stacktrace

    def stack(self, record: logging.LogRecord) -> str:
        if not record.exc_info or not self._traces or record.levelno < self._trace_from:
            return ""
        return self.formatException(record.exc_info)


class _Console(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)}  {_level(record):<5}  {_component(record)}{record.getMessage()}"
        if self._fields:
            line += "  " + json.dumps(self._fields, ensure_ascii=False, default=str)
        stack = self.stack(record)
        return f"{line}\n{stack}" if stack else line


class _Json(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"level": _level(record), "ts": _time(record)}
        if self._caller:
            line["caller"] = f"{record.module}.py:{record.lineno}"
        line["msg"] = record.getMessage()
        line |= self._fields
        line |= {name: value for key, name in _COMPONENT.items() if (value := record.__dict__.get(key))}
        if stack := self.stack(record):
            line["stacktrace"] = stack
        return json.dumps(line, ensure_ascii=False, default=str)


def _component(record: logging.LogRecord) -> str:
    of: Mapping[str, Any] = record.__dict__
    if not of.get("component_id"):
        return ""
    signal = f" ({of['signal']})" if of.get("signal") else ""
    return f"{of.get('component_kind', '')} {of['component_id']}{signal}: ".lstrip()


def _level(record: logging.LogRecord) -> str:
    return "warn" if record.levelno == logging.WARNING else record.levelname.lower()


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
