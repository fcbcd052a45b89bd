"""What in a query does not depend on the step, and of which selectors only counts and sums are asked."""

from collections.abc import Iterator

from .ast import Aggregate, Binary, Call, Expression, Number, Range, Selector, String, Subquery, children, unwrapped
from .signatures import TIME_DEPENDENT

_STATISTICS = frozenset({"histogram_count", "histogram_sum", "histogram_avg"})
_WHOLE = frozenset({"histogram_quantile", "histogram_quantiles", "histogram_fraction"})


def pinned(node: Expression) -> bool:
    """It reads series, all at moments that `@` fixes, so that one step answers for all."""
    return _reads(node) and invariant(node)


def invariant(node: Expression) -> bool:
    """It is worth the same at every step."""
    match node:
        case Number() | String():
            return True
        case Selector() | Subquery():
            return node.pinned is not None
        case Range():
            return node.selector.pinned is not None
        case Call():
            arguments = node.arguments[:1] if node.function == "info" else node.arguments
            if node.function in TIME_DEPENDENT and not _timestamp_of_pinned(node):
                return False
            return all(map(invariant, arguments))
        case _:
            return all(map(invariant, children(node)))


def statistics_only(node: Expression) -> frozenset[int]:
    """Selectors, by `id`, whose histograms need no buckets: nothing but counts and sums is asked for."""
    return frozenset(_without_buckets(node, asked=False))


def _without_buckets(node: Expression, *, asked: bool) -> Iterator[int]:
    match node:
        case Selector():
            if asked:
                yield id(node)
            return
        case Subquery():
            return
        case Call() if node.function in _WHOLE:
            return
        case Binary() if node.operator in ("</", ">/"):
            return
        case Call() if node.function in _STATISTICS:
            asked = True
        case _:
            pass
    for child in children(node):
        yield from _without_buckets(child, asked=asked)


def _timestamp_of_pinned(node: Call) -> bool:
    if node.function not in ("timestamp", "start_timestamp") or not node.arguments:
        return False
    return isinstance(unwrapped(node.arguments[0]), Selector)


def _reads(node: Expression) -> bool:
    return isinstance(node, Selector | Range | Aggregate) or any(map(_reads, children(node)))
