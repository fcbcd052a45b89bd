"""Which labels a query names: those may be attributes of a series' resource, which are no labels otherwise."""

from collections.abc import Iterator, Sequence

from .ast import NAME, Aggregate, Binary, Call, Expression, Matcher, Selector, String, children
from .parse import parse

_SOURCES = {
    "label_replace": slice(3, 4),
    "label_join": slice(3, None),
    "sort_by_label": slice(1, None),
    "sort_by_label_desc": slice(1, None),
}
"""Which arguments of a function are names of labels that it reads."""


def named_labels(text: str) -> list[str]:
    """In matchers, `by` and its like, vector matching, and functions about labels. Raises ParseError."""
    return sorted(set(_named(parse(text))) - {NAME, ""})


def named_in(matchers: Sequence[Matcher]) -> list[str]:
    """The same of matchers alone."""
    return sorted({each.label for each in matchers} - {NAME, ""})


def _named(node: Expression) -> Iterator[str]:
    match node:
        case Selector():
            yield from (each.label for each in node.matchers)
        case Aggregate():
            yield from node.labels
        case Binary():
            yield from (*node.matching.labels, *node.matching.include)
        case Call() if sources := _SOURCES.get(node.function):
            yield from (each.value for each in node.arguments[sources] if isinstance(each, String))
        case _:
            pass
    for child in children(node):
        yield from _named(child)
