"""Contexts: what a path may name while statements run on each resource, span, record …, and how the batch is walked."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from ...telemetry import Signal
from ..frame import Frame, Node
from .members import Member


@dataclass(frozen=True)
class Level:
    """A kind of node and its paths: `span` with `name`, `status.code` and so on."""

    name: str
    members: Mapping[str, Member]
    aliases: tuple[str, ...] = ()
    enums: Mapping[str, int] = field(default_factory=dict[str, int])
    """Names of numbers that are of use with this level only."""

    @property
    def node(self) -> Callable[[Frame], Node]:
        """How to find the node in a frame."""
        return attrgetter(self.name)


@dataclass(frozen=True)
class Context:
    """The kind of items that statements run on; `levels` can be named in paths, the item's own first."""

    levels: tuple[Level, ...]
    signals: frozenset[Signal]
    walk: Callable[[Frame, Iterable[Node]], Iterator[None]]
    """Put one item after the other into the frame, beginning from the batch's resources."""
    names: Mapping[str, Level] = field(init=False)
    """Levels by the first name of a path."""
    enums: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        names = {name: level for level in self.levels for name in (level.name, *level.aliases)}
        object.__setattr__(self, "names", names)
        enums: dict[str, int] = {}
        for level in self.levels:
            enums.update(level.enums)
        object.__setattr__(self, "enums", enums)

    @property
    def name(self) -> str:
        """That of its own level."""
        return self.levels[0].name

    @property
    def own(self) -> Level:
        """The level of its items."""
        return self.levels[0]


def of_resources(frame: Frame, resources: Iterable[Node]) -> Iterator[None]:
    """Every resource."""
    for resource in resources:
        frame.resource = resource
        yield


def of_scopes(frame: Frame, resources: Iterable[Node]) -> Iterator[None]:
    """Every instrumentation scope."""
    for _ in of_resources(frame, resources):
        for scope in frame.resource.children:
            frame.scope = scope
            yield


def of_items(name: str) -> Callable[[Frame, Iterable[Node]], Iterator[None]]:
    """Every span, metric or log record, by the frame's name for it."""

    def walk(frame: Frame, resources: Iterable[Node]) -> Iterator[None]:
        for _ in of_scopes(frame, resources):
            # Statements may add metrics behind the one they run on; this loop comes to them.
            for node in frame.scope.children:
                setattr(frame, name, node)
                yield

    return walk


def of_parts(name: str, owner: str) -> Callable[[Frame, Iterable[Node]], Iterator[None]]:
    """Every event of every span, or every data point of every metric."""
    outer = of_items(owner)

    def walk(frame: Frame, resources: Iterable[Node]) -> Iterator[None]:
        for _ in outer(frame, resources):
            node: Any = getattr(frame, owner)
            for part in node.children:
                setattr(frame, name, part)
                yield

    return walk
