"""Per pipeline: who answers for an item once its sender was told "accepted", and what a kill -9 can lose.

The point of custody of a path is the first component on it that buffers or stores. What buffers behind that
point can lose items just as well, so the loss window lists all of them.
"""

from dataclasses import dataclass

from ..component import Custody, CustodyKind
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

    def __str__(self) -> str:
        if not self.holder:
            return f"whoever {self.path[-1]} sends to: senders get its answer"
        return f"{self.holder} {self.kind}"


def custody_points(graph: Graph, pipeline: Pipeline) -> list[CustodyPoint]:
    """One for each path; connectors are followed into the pipelines that they begin."""
    return [_point(path) for path in _paths(graph, pipeline)]


def _paths(graph: Graph, pipeline: Pipeline) -> list[list[Node]]:
    paths: list[list[Node]] = []
    for end in pipeline.exporters:
        begun = [p for p in graph.pipelines if end in p.receivers]
        tails = [tail for p in begun for tail in _paths(graph, p)] or [[]]
        paths += [[*pipeline.processors, end, *tail] for tail in tails]
    return paths


def _point(path: list[Node]) -> CustodyPoint:
    custodies = [(node, node.component.custody()) for node in path]
    names = tuple(str(node.id) for node in path)
    for at, (node, custody) in enumerate(custodies):
        if custody.kind is not CustodyKind.FORWARDS:
            windows = [_window(n, c) for n, c in custodies[at:] if c.loss_window]
            return CustodyPoint(names, str(node.id), custody.kind, tuple(windows))
    return CustodyPoint(names, "", CustodyKind.FORWARDS, ())


def _window(node: Node, custody: Custody) -> str:
    return f"{node.id}: {custody.loss_window}"
