"""Base of every configuration struct, and the value types that YAML has no name for.

Keys are the Collector's. A docstring under each field is its documentation and ends up in the
component reference; a default is written once, in the struct.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple, dataclass_transform

import msgspec

from .id import ComponentID
from .prometheus_values import ByteSize, PrometheusDuration


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class _ConfigMeta(msgspec.StructMeta):
    """Subclasses need not repeat the rules: neither type checkers nor msgspec (`kw_only`) hand them all on."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> "_ConfigMeta":
        return super().__new__(mcs, name, bases, namespace, frozen=True, kw_only=True, forbid_unknown_fields=True)


class Remark(NamedTuple):
    """Something about a sound configuration that its owner should know."""

    path: str
    """Below the struct, such as `policies.0.latency`; empty: the struct itself."""
    what: str
    """A sentence."""
    advice: str = ""
    """What to do, if anything is to be done."""


class Config(msgspec.Struct, metaclass=_ConfigMeta):
    """Immutable keys of one component or one group of keys; unknown keys are errors."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """(path below this struct such as `send_batch_size`, what is wrong with it) of rules over several keys."""
        return ()

    def remarks(self) -> Iterable[Remark]:
        """Choices that differ between versions, and traps: all is allowed. Only asked where there is no problem."""
        return ()

    @classmethod
    def instead_of(cls, key: str) -> str:
        """What to do about a key that there is elsewhere but not here; empty where nothing better than the nearest
        key can be said."""
        return ""

    def gives_metadata(self) -> bool:
        """Of a receiver: whether what it takes carries the client's metadata."""
        return False

    def reads_metadata(self) -> bool:
        """Of others: whether what they do depends on it."""
        return False


_UNITS_NS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_TERM = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_DAYS = re.compile(r"(?:[0-9]+(?:ns|us|µs|μs|ms|s|m|h|d|w|y))+")
_TEXT_MAX = 100
_NS_MAX = 2**63 - 1


class Duration(float):
    """A length of time in seconds, written as in Go (`time.ParseDuration`): `200ms`, `1m30s`, `-1.5h`, `0`."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: Any) -> "Duration":
        """Read text or a number, which is nanoseconds, as to the Collector. Raises ValueError."""
        if isinstance(value, Duration):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return cls._of_ns(value, value)
        if not isinstance(value, str):
            raise ValueError("expected a duration such as 200ms or 1m30s")
        text = value.strip()
        body = text[1:] if text[:1] in ("-", "+") else text
        if body == "0":
            return cls(0)
        total, at = 0, 0
        while len(body) <= _TEXT_MAX and (term := _TERM.match(body, at)):
            total += int(Decimal(term[1]) * _UNITS_NS[term[2]])
            at = term.end()
        if at == 0 or at != len(body):
            advice = "write a number and a unit, such as 200ms or 1m30s"
            if _DAYS.fullmatch(body):
                advice = "hours are the longest unit: a day is 24h, a week 168h"
            raise ValueError(f"not a duration: {_shortened(value)!r}; {advice}")
        return cls._of_ns(-total if text[0] == "-" else total, text)

    @classmethod
    def _of_ns(cls, ns: float, given: object) -> "Duration":
        if not abs(ns) <= _NS_MAX:
            raise ValueError(f"{given} is longer than a duration can be, 292 years")
        return cls(ns / 1e9)

    def __str__(self) -> str:
        """In the largest unit that needs no fraction: `90s`, `1500ms`; `parse` reads it back."""
        ns = round(self * 10**9)
        for unit in ("h", "m", "s", "ms", "us"):
            if ns % _UNITS_NS[unit] == 0 and ns:
                return f"{ns // _UNITS_NS[unit]}{unit}"
        return f"{ns}ns" if ns else "0s"


class Secret(str):
    """A text that never shows itself.

    As a str it is `***` (or empty), so whatever prints, joins, formats, dumps or sends it without asking shows no more
    than that. `reveal()` gives the value. Equality, hash and truth are the value's.
    """

    __slots__ = ("_value",)
    _value: str

    def __new__(cls, value: str = "") -> "Secret":
        """A text or a secret."""
        text = value.reveal() if isinstance(value, Secret) else value
        made = super().__new__(cls, "***" if text else "")
        made._value = text
        return made

    def __eq__(self, other: object) -> bool:
        return self._value == (other._value if isinstance(other, Secret) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._value)

    def __getnewargs__(self) -> tuple[str]:
        return (self._value,)

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self._value


def _shortened(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"


VALUE_TYPES: dict[type, Any] = {
    Duration: Duration.parse,
    Secret: Secret,
    ComponentID: ComponentID.parse,
    PrometheusDuration: PrometheusDuration.parse,
    ByteSize: ByteSize.parse,
}
"""How the decoder makes each value type from a YAML scalar; each raises ValueError for what it refuses."""
