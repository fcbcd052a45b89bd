"""Per pipeline: who answers for an item once its sender was told "accepted", and what a kill -9 can lose.

The point of custody of a path is the first component on it that buffers or stores. What buffers behind that
point can lose items just as well, so the loss window lists all of them.
"""

from dataclasses import dataclass
from typing import TypeAlias

from ..component import Custody, CustodyKind
from ..telemetry import Signal
from .graph import Graph, Node, Pipeline


@dataclass(frozen=True, slots=True)
class CustodyPoint:
    """The custody of one path from a pipeline's head to an exporter."""

    path: tuple[str, ...]
    """Processors, connectors and the exporter, by id, in the order of flow."""
    holder: str
    """Id of the component that answers; empty if none on the path does: then it is whoever the exporter sends to."""
    kind: CustodyKind
    loss_windows: tuple[str, ...]
    """One sentence per component from the point on that can lose what it holds."""
    not_kept: str = ""
    """Says that nothing of this signal is kept, where that is so."""

    def __str__(self) -> str:
        if self.not_kept:
            return f"nobody: {self.not_kept}"
        if not self.holder:
            return f"whoever {self.path[-1]} sends to: senders get its answer"
        return f"{self.holder} {self.kind}"


def custody_points(graph: Graph, pipeline: Pipeline) -> list[CustodyPoint]:
    """One for each path; connectors are followed into the pipelines that they begin."""
    return [_point(path) for path in _paths(graph, pipeline)]


_Step: TypeAlias = tuple[Node, Signal]
"""A component on the path, and what it is given."""


def _paths(graph: Graph, pipeline: Pipeline) -> list[list[_Step]]:
    paths: list[list[_Step]] = []
    signal = pipeline.plan.signal
    for end in pipeline.exporters:
        begun = [p for p in graph.pipelines if end in p.receivers]
        tails = [tail for p in begun for tail in _paths(graph, p)] or [[]]
        own: list[_Step] = [(node, signal) for node in (*pipeline.processors, end)]
        paths += [[*own, *tail] for tail in tails]
    return paths


def _point(path: list[_Step]) -> CustodyPoint:
    custodies = [(node, signal, node.component.custody()) for node, signal in path]
    names = tuple(str(node.id) for node, _ in path)
    for at, (node, signal, custody) in enumerate(custodies):
        if signal in custody.not_kept:
            return CustodyPoint(names, "", custody.kind, (), custody.not_kept[signal])
        if custody.kind is not CustodyKind.FORWARDS:
            windows = [f"{n.id}: {window}" for n, s, c in custodies[at:] if (window := _window(s, c))]
            return CustodyPoint(names, str(node.id), custody.kind, tuple(windows))
    return CustodyPoint(names, "", CustodyKind.FORWARDS, ())


def _window(signal: Signal, custody: Custody) -> str:
    return custody.not_kept.get(signal, custody.loss_window)
