"""Label sets: sorted pairs of name and value, without empty values, equal if they name the same series."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeAlias

from .ast import NAME
from .strings import quoted
from .text import label_text

Labels: TypeAlias = tuple[tuple[str, str], ...]

_RESERVED = frozenset({NAME, "__type__", "__unit__"})
EMPTY: Labels = ()


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


def distinct_names(labels: Iterable[Labels]) -> set[str]:
    """Of metrics; empty for series without one."""
    return {each[0][1] if each and each[0][0] == NAME else value_of(each, NAME) for each in labels}


def nameless(labels: Labels) -> Labels:
    """Without what describes the metric: a value that was calculated is no longer that metric."""
    return tuple([pair for pair in labels if pair[0] not in _RESERVED])


def all_nameless(labels: Sequence[Labels]) -> tuple[list[Labels], bool]:
    """`nameless` of each, and whether they all were of the same metric, so that what was different still is."""
    name = labels[0][0] if labels and labels[0] else None
    if name is None or name[0] != NAME:
        return [nameless(each) for each in labels], False
    # The name stands first unless a label begins with an underscore and an earlier letter.
    if all(each and each[0] == name and (len(each) < 2 or each[1][0][:2] != "__") for each in labels):
        return [each[1:] for each in labels], True
    return [nameless(each) for each in labels], False


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
