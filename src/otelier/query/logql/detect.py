"""What a sample of lines has to filter by: labels of records, and what parsers would find in the lines."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from . import amounts
from .ast import Logfmt
from .extract import by_json
from .line import ERROR, Line
from .logfmt import by_logfmt

_HIDDEN = frozenset({"detected_level", "level", "severity_number", "observed_timestamp", "flags"})
"""Of no use as conditions of their own, or shown in another way."""
_PAIR = re.compile(r"(?:^|\s)[A-Za-z_][\w.-]*=")
_VALUES = 1_000
"""Distinct values that are told apart."""
_BOOLEANS = frozenset({"true", "false"})


@dataclass(slots=True)
class Field:
    """One that lines have."""

    parsers: tuple[str, ...] = ()
    """What finds it; none: the record has it without a parser."""
    values: dict[str, None] = field(default_factory=dict[str, None])

    @property
    def kind(self) -> str:
        """As Loki names it: what all of its values are."""
        return _kind(self.values)


def fields(lines: Iterable[Line], most: int) -> Mapping[str, Field]:
    """By name, at most so many. Lines as the stages of a query have left them."""
    found: dict[str, Field] = {}
    for line in lines:
        for name, value in line.of_metadata().items():
            if name not in _HIDDEN:
                _add(found, name, value, (), most)
        if any(not name.startswith("__") for name in line.parsed):
            parsed, parsers = line.parsed, ()
        else:
            parsed, parsers = _parsed(line)
        for name, value in parsed.items():
            if not name.startswith("__"):
                _add(found, name, value, parsers, most)
    return found


def _add(found: dict[str, Field], name: str, value: str, parsers: tuple[str, ...], most: int) -> None:
    known = found.get(name)
    if known is None:
        if len(found) >= most:
            return
        known = found[name] = Field(parsers)
    elif parsers and not set(parsers) <= set(known.parsers):
        known.parsers = (*known.parsers, *parsers)
    if value and len(known.values) < _VALUES:
        known.values[value] = None


def _parsed(line: Line) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """By the parser that can read it."""
    if line.text[:1] == "{":
        by_json(line)
        return ({}, ()) if line.get(ERROR) else (line.parsed, ("json",))
    if len(_PAIR.findall(line.text)) > 1:
        by_logfmt(line, Logfmt())
        return line.parsed, ("logfmt",)
    return {}, ()


def _kind(values: Sequence[str] | Mapping[str, None]) -> str:
    if not values:
        return "string"
    if all(value.removeprefix("-").isdecimal() for value in values):
        return "int"
    for kind, read in (("float", amounts.number), ("duration", amounts.seconds), ("bytes", amounts.size)):
        if all(_reads(read, value) for value in values):
            return kind
    return "boolean" if _BOOLEANS.issuperset(values) else "string"


def _reads(read: "amounts.Read", value: str) -> bool:
    try:
        read(value)
    except ValueError:
        return False
    return True
