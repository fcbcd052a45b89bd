"""Base of every configuration struct, and the value types that YAML has no name for.

Keys are the Collector's. A docstring under each field is its documentation and ends up in the
component reference; a default is written once, in the struct.
"""

import re
from collections.abc import Iterable
from typing import Any, dataclass_transform

import msgspec


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class _ConfigMeta(msgspec.StructMeta):
    """Subclasses need not repeat the rules: neither type checkers nor msgspec (`kw_only`) hand them all on."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> "_ConfigMeta":
        return super().__new__(mcs, name, bases, namespace, frozen=True, kw_only=True, forbid_unknown_fields=True)


class Config(msgspec.Struct, metaclass=_ConfigMeta):
    """Immutable keys of one component or one group of keys; unknown keys are errors."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """(path below this struct such as `send_batch_size`, what is wrong with it) of rules over several keys."""
        return ()


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
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


class Duration(float):
    """A length of time in seconds, written as in Go: `200ms`, `1m30s`, `1.5h`, `0`."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: Any) -> "Duration":
        """Raises ValueError; a bare number other than 0 is nanoseconds, as the Collector reads it."""
        if isinstance(value, bool) or value is None:
            raise ValueError("expected a duration such as 200ms or 1m30s")
        if isinstance(value, int | float):
            return cls(value / 1e9)
        text = str(value).strip()
        sign, body = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
        if body == "0":
            return cls(0)
        total, at = 0.0, 0
        for term in _TERM.finditer(body):
            if term.start() != at:
                break
            total += float(term[1]) * _UNITS_NS[term[2]]
            at = term.end()
        if at == 0 or at != len(body):
            raise ValueError(f"not a duration: {text!r}; write a number and a unit, such as 200ms or 1m30s")
        return cls(sign * total / 1e9)

    def __str__(self) -> str:
        """The shortest Go form."""
        if self == 0:
            return "0s"
        for unit, size in (("h", 3600), ("m", 60), ("s", 1)):
            if self >= size and (self / size).is_integer():
                return f"{int(self / size)}{unit}"
        return f"{self * 1000:g}ms" if abs(self) < 1 else f"{float(self):g}s"


class Secret(str):
    """A string that never shows itself: printed and dumped as ***; `reveal()` gives the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return str.__str__(self)


VALUE_TYPES: dict[type, Any] = {Duration: Duration.parse, Secret: Secret}
"""How the decoder makes each value type from a YAML scalar; each raises ValueError for what it refuses."""
