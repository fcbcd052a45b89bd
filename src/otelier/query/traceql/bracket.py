"""Filters that bracket a condition: `sure` means no span too many, `may` none too few.

Where both are the same the core decides alone; else `may` finds the traces that are worth looking at, and what spans
mean is decided over their columns. Negation swaps the two, which is why both are needed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .. import filter as f

NONE: f.Filter = {"any": []}
"""No span."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """Filters about one span."""

    sure: f.Filter
    may: f.Filter

    @property
    def exact(self) -> bool:
        """Whether the core decides alone."""
        return self.sure == self.may


def exactly(filter_: f.Filter) -> Bracket:
    """Decided by the core."""
    return Bracket(filter_, filter_)


def at_most(filter_: f.Filter) -> Bracket:
    """Maybe some of these."""
    return Bracket(NONE, filter_)


ALL_SPANS = exactly(f.ALL)
NO_SPANS = exactly(NONE)


def both(*parts: Bracket) -> Bracket:
    """What all mean."""
    return _each(_all, parts)


def either(*parts: Bracket) -> Bracket:
    """What one of them means."""
    return _each(_any, parts)


def neither(part: Bracket) -> Bracket:
    """What it does not mean."""
    return Bracket(_not(part.may), _not(part.sure))


def has(relative: str, part: Bracket) -> Bracket:
    """Spans with such a relative (docs/spec/filter.md)."""
    return Bracket(_has(relative, part.sure), _has(relative, part.may))


def _each(join: Callable[[Iterable[f.Filter]], f.Filter], parts: tuple[Bracket, ...]) -> Bracket:
    return Bracket(join(part.sure for part in parts), join(part.may for part in parts))


def _all(filters: Iterable[f.Filter]) -> f.Filter:
    return _joined("all", filters, NONE)


def _any(filters: Iterable[f.Filter]) -> f.Filter:
    return _joined("any", filters, f.ALL)


def _joined(word: str, filters: Iterable[f.Filter], decisive: f.Filter) -> f.Filter:
    """Nested ones of the same kind as one list, each filter once."""
    parts: list[f.Filter] = []
    for each in filters:
        parts += [part for part in each.get(word, [each]) if part not in parts]
    if decisive in parts:
        return decisive
    return parts[0] if len(parts) == 1 else {word: parts}


def _not(filter_: f.Filter) -> f.Filter:
    if filter_ == f.ALL:
        return NONE
    if filter_ == NONE:
        return f.ALL
    return filter_["not"] if "not" in filter_ else f.negated(filter_)


def _has(relative: str, filter_: f.Filter) -> f.Filter:
    if filter_ == NONE or (filter_ == f.ALL and relative == "trace"):
        return filter_
    return {"has": relative, "filter": filter_}
