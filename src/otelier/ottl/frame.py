"""What a statement sees while it runs: one item, what it belongs to, and the values in them that have been decoded."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..component import Clock
from .any_value import decode_map, decode_value, encode_value, replace_map
from .values import OttlError, Value

_ADDED_MAX = 10_000


class Node:
    """One message (a span, a resource, …), with its attributes as maps as soon as somebody asked for them.

    A map is written back when it was touched. `holder` is the message that holds this one and what belongs to it, such
    as ResourceSpans for a resource; for others it is the message itself. `index`: of an event, among those of its span.
    """

    __slots__ = ("_children", "_grow", "_touched", "_trees", "holder", "index", "message")

    def __init__(
        self,
        message: Any,
        holder: Any = None,
        grow: "Callable[[Any], Iterable[Node]] | None" = None,
        *,
        index: int = 0,
    ) -> None:
        self.message = message
        self.index = index
        self.holder = message if holder is None else holder
        self._grow = grow
        self._children: list[Node] | None = None
        self._trees: dict[str, Value] = {}
        self._touched: set[str] = set()

    @property
    def children(self) -> "list[Node]":
        """What belongs to it: scopes, spans, events, metrics, data points or records."""
        if self._children is None:
            self._children = list(self._grow(self.holder)) if self._grow else []
        return self._children

    def tree(self, name: str) -> Value:
        """The decoded field: a map, or for a log's body any value. Editing it in place needs `touch`."""
        if name not in self._trees:
            field = getattr(self.message, name)
            self._trees[name] = decode_value(field) if name == "body" else decode_map(field)
        return self._trees[name]

    def replace(self, name: str, value: Value) -> None:
        """Another map or body."""
        self._trees[name] = value
        self._touched.add(name)

    def touch(self, name: str) -> None:
        """Somebody edits the tree in place."""
        self._touched.add(name)

    def renew(self) -> None:
        """What belongs to it are other messages now."""
        self._children = None

    def flush(self) -> None:
        """Write back what was touched here and below."""
        for name in self._touched:
            if name == "body":
                self.message.body.CopyFrom(encode_value(self._trees[name]))
            else:
                replace_map(getattr(self.message, name), self._trees[name])
        self._touched.clear()
        for child in self._children or ():
            child.flush()


class Frame:
    """The item a statement runs on. Which fields are set depends on the context; one frame serves a whole batch."""

    resource: Node
    scope: Node
    span: Node
    spanevent: Node
    metric: Node
    datapoint: Node
    log: Node

    def __init__(self, clock: Clock, metadata: Mapping[str, tuple[str, ...]]) -> None:
        self.clock = clock
        self.metadata = metadata
        self.cache: dict[str, Value] = {}
        self.changed = False
        """Something may differ from what came in."""
        self.restructured = False
        """Messages were added, replaced or taken away, so that nodes are to be made anew."""
        self._added = 0

    def add_metric(self, metric: Any) -> None:
        """Behind the others of the scope; the statements that follow, and this group's, run on it, too."""
        self._added += 1
        if self._added > _ADDED_MAX:
            raise OttlError(
                f"more than {_ADDED_MAX} metrics were added; add `where`, so that none is made of its own copy"
            )
        self.scope.holder.metrics.append(metric)
        self.scope.children.append(metric_node(self.scope.holder.metrics[-1]))
        self.changed = True

    def restructure(self) -> None:
        """Say that messages were added, replaced or taken away."""
        self.changed = self.restructured = True


def roots(request: Any) -> Iterator[Node]:
    """One node for each resource of an `Export…ServiceRequest`."""
    if hasattr(request, "resource_spans"):
        for holder in request.resource_spans:
            yield Node(holder.resource, holder, _scopes_of_spans)
    elif hasattr(request, "resource_metrics"):
        for holder in request.resource_metrics:
            yield Node(holder.resource, holder, _scopes_of_metrics)
    else:
        for holder in request.resource_logs:
            yield Node(holder.resource, holder, _scopes_of_logs)


def metric_node(metric: Any) -> Node:
    """A metric and its data points."""
    return Node(metric, None, _points)


def points(metric: Any) -> Any:
    """The data points' container, whatever the metric's type; empty for one without."""
    data = metric.WhichOneof("data")
    return getattr(metric, data).data_points if data else ()


def _scopes_of_spans(holder: Any) -> Iterator[Node]:
    return (Node(scope.scope, scope, _spans) for scope in holder.scope_spans)


def _scopes_of_metrics(holder: Any) -> Iterator[Node]:
    return (Node(scope.scope, scope, _metrics) for scope in holder.scope_metrics)


def _scopes_of_logs(holder: Any) -> Iterator[Node]:
    return (Node(scope.scope, scope, _records) for scope in holder.scope_logs)


def _spans(holder: Any) -> Iterator[Node]:
    return (Node(span, None, _events) for span in holder.spans)


def _events(span: Any) -> Iterator[Node]:
    return (Node(event, index=index) for index, event in enumerate(span.events))


def _metrics(holder: Any) -> Iterator[Node]:
    return map(metric_node, holder.metrics)


def _points(metric: Any) -> Iterator[Node]:
    return map(Node, points(metric))


def _records(holder: Any) -> Iterator[Node]:
    return map(Node, holder.log_records)
