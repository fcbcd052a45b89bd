"""Functions of templates about moments. Moments are in UTC."""

import re
from collections.abc import Mapping
from datetime import UTC
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...component import Clock, SystemClock
from ...ottl.values import Time
from ..templates.errors import CallError
from ..templates.functions import Function
from ..templates.moments import read, written
from ..templates.values import Value, go_type
from .format_numbers import integer

_CLOCK: Clock = SystemClock()
_EPOCHS = {5: 86_400 * 10**9, 10: 10**9, 13: 10**6, 16: 10**3, 19: 1}
"""Nanoseconds by how many digits a time has: days, s, ms, µs, ns."""


def _moment(value: Value) -> Time:
    if isinstance(value, Time):
        return value
    raise CallError(f"wrong type for value; expected time.Time; got {go_type(value)}")


def _date(layout: str, value: Value) -> str:
    return written(value if isinstance(value, Time) else Time(integer(value) * 10**9), layout)


def _to_date(layout: str, text: str, zone: str = "UTC") -> Time:
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        where = UTC
    return read(layout, text, where)


def _to_date_in_zone(layout: str, zone: str, text: str) -> Time:
    return _to_date(layout, text, zone)


def _unix_to_time(text: str) -> Time:
    if not re.fullmatch(r"[-+]?[0-9]+", text) or len(text) not in _EPOCHS:
        raise CallError(f"unable to parse time '{text}'")
    return Time(int(text) * _EPOCHS[len(text)])


def _since_epoch(unit_ns: int, value: Value) -> str:
    return str(_moment(value).ns // unit_ns)


def _now() -> Time:
    return Time(_CLOCK.time_ns())


TIMES: Mapping[str, Function] = {
    "now": Function(_now),
    "date": Function(_date, ("string", "any")),
    "toDate": Function(_to_date, ("string",) * 2),
    "toDateInZone": Function(_to_date_in_zone, ("string",) * 3),
    "unixToTime": Function(_unix_to_time, ("string",)),
    "unixEpoch": Function(partial(_since_epoch, 10**9), ("any",)),
    "unixEpochMillis": Function(partial(_since_epoch, 10**6), ("any",)),
    "unixEpochNanos": Function(partial(_since_epoch, 1), ("any",)),
}
