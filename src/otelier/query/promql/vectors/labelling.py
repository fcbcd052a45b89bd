"""Functions of labels: label_replace, label_join, sort_by_label, and the labels of what is absent."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..ast import NAME, Expression, Range, Selector
from ..block import Block, joined
from ..errors import ExecutionError
from ..labels import Labels, LabelSets, labels_of, value_of, with_value
from ..matchers import BadPattern, Pattern
from ..strings import is_utf8

_CHUNKS = re.compile(r"\d+|\D+")


def label_replace(block: Block, target: str, replacement: str, source: str, pattern: str) -> Block:
    """A label set to what a regular expression makes of another, where it matches."""
    try:
        compiled = Pattern(pattern)
    except BadPattern:
        raise ExecutionError(f"invalid regular expression in label_replace(): {pattern}") from None
    _check_name(target, "invalid destination label name in label_replace(): ")
    labels = list(block.labels)
    changed: list[int] = []
    for number, each in enumerate(labels):
        value = compiled.expanded(value_of(each, source), replacement)
        if value is not None:
            labels[number] = with_value(each, target, value)
            changed.append(number)
    return _named(block, labels, changed if target == NAME else [])


def label_join(block: Block, target: str, separator: str, sources: Sequence[str]) -> Block:
    """A label set to the values of others with something between them."""
    for source in sources:
        _check_name(source, "invalid source label name in label_join(): ")
    _check_name(target, "invalid destination label name in label_join(): ")
    labels = [
        with_value(each, target, separator.join(value_of(each, source) for source in sources)) for each in block.labels
    ]
    return _named(block, labels, range(len(labels)) if target == NAME else [])


def natural_order(block: Block, names: Sequence[str], *, descending: bool) -> list[int]:
    """Series by labels, numbers in them by value; what is equal by all its labels."""

    def key(number: int) -> tuple[Any, ...]:
        labels = block.labels[number]
        return (*(_natural(value_of(labels, name)) for name in names), labels)

    return sorted(range(len(block.labels)), key=key, reverse=descending)


def absent(expression: Expression, block: Block) -> Block:
    """1 where the vector is empty, with what the expression says about its labels."""
    nothing = (
        ~np.logical_or.reduce(block.filled, axis=0, keepdims=True)
        if block.labels
        else np.ones((1, block.steps), np.bool_)
    )
    return Block(LabelSets([absent_labels(expression)]), np.ones((1, block.steps)), nothing).populated()


def absent_labels(expression: Expression) -> Labels:
    """Those that a selector demands by equality, each once."""
    if isinstance(expression, Range):
        expression = expression.selector
    if not isinstance(expression, Selector):
        return ()
    found: dict[str, str] = {}
    seen: set[str] = set()
    for each in expression.matchers:
        if each.label == NAME:
            continue
        if each.operator == "=" and each.label not in seen:
            found[each.label] = each.value
        else:
            found.pop(each.label, None)
        seen.add(each.label)
    return labels_of(found.items())


def _natural(value: str) -> list[tuple[int, int, str]]:
    return [(0, int(chunk), chunk) if chunk.isdigit() else (1, 0, chunk) for chunk in _CHUNKS.findall(value)]


def _named(block: Block, labels: list[Labels], named: Sequence[int]) -> Block:
    """With new labels; a name that was set stays."""
    unnamed = block.unnamed_series().copy()
    unnamed[list(named)] = False
    return joined(replace(block, labels=LabelSets(labels), unnamed=unnamed))


def _check_name(name: str, message: str) -> None:
    if not name or not is_utf8(name):
        raise ExecutionError(message + name.encode(errors="surrogateescape").decode(errors="replace"))
