"""Conditions that say where to look: a window of time, some traces."""

from typing import NamedTuple

from .conditions import Condition

_MAX_NS = 2**63 - 1
_TRACES = 1000
_DIGITS = frozenset("0123456789abcdef")


class Window(NamedTuple):
    """[start_ns, end_ns]."""

    start_ns: int
    end_ns: int

    @staticmethod
    def of(start_ns: int, end_ns: int) -> "Window":
        """`end_ns` 0: no end."""
        return Window(min(max(start_ns, 0), _MAX_NS), min(max(end_ns, 0), _MAX_NS) or _MAX_NS)

    @property
    def is_open(self) -> bool:
        """Whether it holds every time."""
        return self.start_ns == 0 and self.end_ns == _MAX_NS


def narrowed(where: Condition | None, column: str, window: Window) -> tuple[Window, Condition | None]:
    """The window as far as a condition leaves it, and what else the condition says."""
    rest: list[Condition] = []
    for part in parts_of(where):
        at, op = part.get("value"), part.get("op")
        if part.get("column") != column or not isinstance(at, int) or op not in (">=", "<="):
            rest.append(part)
        elif op == ">=":
            window = Window(min(max(window.start_ns, at), _MAX_NS), window.end_ns)
        else:
            window = Window(window.start_ns, max(min(window.end_ns, at), 0))
    return window, {"all": rest} if rest else None


def trace_ids(where: Condition | None) -> bytes | None:
    """The traces, and no others, that a condition leaves, one id behind the other; None if it does not say."""
    for part in parts_of(where):
        wanted = part.get("any", [part])
        if (
            all(each.get("column") == "trace_id" and each.get("op") == "=" for each in wanted)
            and len(wanted) <= _TRACES
        ):
            texts = dict.fromkeys(str(each["value"]) for each in wanted)
            return b"".join(bytes.fromhex(text) for text in texts if len(text) == 32 and _DIGITS.issuperset(text))
    return None


def parts_of(where: Condition | None) -> list[Condition]:
    """What must hold all at once."""
    if where is None:
        return []
    if "all" not in where:
        return [where]
    return [part for each in where["all"] for part in parts_of(each)]
