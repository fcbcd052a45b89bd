"""Label sets: sorted pairs of name and value, without empty values, equal if they name the same series."""

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from ..._core import LabelSets
from .ast import NAME
from .strings import quoted
from .text import label_text

Labels: TypeAlias = tuple[tuple[str, str], ...]

RESERVED = (NAME, "__type__", "__unit__")
"""What describes the metric: a value that was calculated is no longer that metric."""
EMPTY: Labels = ()
NOTHING = LabelSets(())


def labels_of(pairs: Iterable[tuple[str, str]]) -> Labels:
    """Sorted by name; a label with an empty value is no label."""
    return tuple(sorted((name, value) for name, value in pairs if value))


def value_of(labels: Labels, name: str) -> str:
    """Empty if the series has no such label."""
    for key, value in labels:
        if key == name:
            return value
    return ""


def with_value(labels: Labels, name: str, value: str) -> Labels:
    """One label set anew; an empty value removes it."""
    return labels_of({**dict(labels), name: value}.items())


def only(labels: Labels, names: Collection[str]) -> Labels:
    """These labels alone."""
    return tuple([pair for pair in labels if pair[0] in names])


def without(labels: Labels, names: Collection[str]) -> Labels:
    """All others."""
    return tuple([pair for pair in labels if pair[0] not in names])


def nameless(labels: Labels) -> Labels:
    """Without what describes the metric."""
    return tuple([pair for pair in labels if pair[0] not in RESERVED])


def grouping(names: Collection[str], excluded: bool) -> Callable[[Labels], Labels]:
    """What `by (names)` or `without (names)` leaves of a label set."""
    if not excluded:
        kept = frozenset(names)
        return lambda labels: only(labels, kept)
    dropped = frozenset({NAME, *names})
    return lambda labels: without(labels, dropped)


def label_set_text(labels: Labels) -> str:
    """`{a="b", c="d"}`, the name among them."""
    return "{" + ", ".join(f"{label_text(name)}={quoted(value)}" for name, value in labels) + "}"
