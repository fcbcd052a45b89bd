"""Conditions about items, asked of whole batches: what `filter`, sampling policies and routes decide by."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeAlias

from ..component import Clock
from ..telemetry import Batch
from ..telemetry.mask import either
from .contexts import CONTEXTS
from .frame import Frame
from .group import NATIVE_OFF, Explanation, Group
from .interpret import CompiledGroup, Report
from .tree import Tree


class Matching(Protocol):
    """Answers for one group."""

    def matches(self, batch: Batch, report: Report) -> bytes:
        """As `Conditions.matches`."""
        ...


NativeMatching: TypeAlias = Callable[[Group], Matching | str]
"""Takes a group over, or says why the interpreter has to ask it."""


class Conditions:
    """Groups of conditions of one signal, any of which may hold. Safe for threads."""

    def __init__(self, groups: Iterable[Group], clock: Clock, native: NativeMatching | None = None) -> None:
        self.groups = tuple(groups)
        ways = [native(group) if native else NATIVE_OFF for group in self.groups]
        self.explanations: Sequence[Explanation] = tuple(
            Explanation(group, False, way) if isinstance(way, str) else Explanation(group, True)
            for group, way in zip(self.groups, ways, strict=True)
        )
        """How each group is asked by `matches`."""
        self._native = tuple(way for way in ways if not isinstance(way, str))
        self._interpreted = tuple(
            CompiledGroup(group) for group, way in zip(self.groups, ways, strict=True) if isinstance(way, str)
        )
        self._of_events = tuple(CompiledGroup(group) for group in self.groups if group.context.name == "spanevent")
        self._clock = clock

    def matches(self, batch: Batch, report: Report) -> bytes:
        """One byte per item of the batch, in order: 1 where any condition holds for it or for what it belongs to.

        A span matches a condition about events if that holds for any of its events. Raises StatementError.
        """
        found = bytearray(batch.items)
        for matching in self._native:
            found[:] = either(found, matching.matches(batch, report))
        if not self._interpreted:
            return bytes(found)
        tree = Tree(batch, self._clock)
        for group in self._interpreted:
            for start, end in _matching(tree, group, found, report):
                found[start:end] = b"\1" * (end - start)
        return bytes(found)

    def without_events(self, batch: Batch, report: Report) -> Batch:
        """The batch without the span events that match; conditions of other contexts are not asked.

        Raises StatementError.
        """
        tree = Tree(batch, self._clock)
        frame = tree.frame
        for group in self._of_events:
            doomed: list[tuple[Any, int]] = []
            for _ in group.context.walk(frame, tree.resources):
                frame.cache = {}
                if group.holds(frame, report):
                    doomed.append((frame.span.message.events, frame.spanevent.index))
            for events, index in reversed(doomed):
                del events[index]
            if doomed:
                frame.restructure()
                tree.settle()
        return tree.batch()


def _matching(tree: Tree, group: CompiledGroup, found: bytearray, report: Report) -> Iterator[tuple[int, int]]:
    """Items (first, behind the last) that match. Nobody asks about those that another group has found already."""
    frame = tree.frame
    of_events = group.context.name == "spanevent"
    walk = CONTEXTS["span"].walk if of_events else group.context.walk
    start = 0
    for _ in walk(frame, tree.resources):
        end = start + _items(frame, group.context.name)
        if found.find(0, start, end) >= 0 and (_any_event if of_events else _itself)(frame, group, report):
            yield start, end
        start = end


def _itself(frame: Frame, group: CompiledGroup, report: Report) -> bool:
    frame.cache = {}
    return group.holds(frame, report)


def _any_event(frame: Frame, group: CompiledGroup, report: Report) -> bool:
    for event in frame.span.children:
        frame.spanevent = event
        if _itself(frame, group, report):
            return True
    return False


def _items(frame: Frame, context: str) -> int:
    """How many spans, data points or records belong to what the frame shows."""
    match context:
        case "resource":
            return sum(map(_items_of_scope, frame.resource.children))
        case "scope":
            return _items_of_scope(frame.scope)
        case "metric":
            return len(frame.metric.children)
        case _:
            return 1


def _items_of_scope(scope: Any) -> int:
    if hasattr(scope.holder, "metrics"):
        return sum(len(metric.children) for metric in scope.children)
    return len(scope.children)
