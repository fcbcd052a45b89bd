"""What `servicegraph` promises, a second time: plain Python over protobuf's own objects."""

from collections import OrderedDict
from typing import Any

from ..spanmetrics.oracle import first, text

PEERS = ("peer.service", "db.name")
DATABASES = ("db.name",)
DIMENSIONS = ("http.method", "kind")
TTL_NS = 1000
MAX_ITEMS = 3


class Oracle:
    """Counts as `series`: attributes → durations of the server's and the client's side, in nanoseconds."""

    def __init__(self) -> None:
        self.waiting: OrderedDict[Any, dict[str, Any]] = OrderedDict()
        self.series: dict[Any, list[tuple[int, int]]] = {}
        self.dropped = 0

    def consume(self, request: Any, now_ns: int) -> None:
        self.expire(now_ns)
        for under in request.resource_spans:
            resource = first(under.resource.attributes)
            if "service.name" in resource:
                for scope in under.scope_spans:
                    for span in scope.spans:
                        self._side(resource, span, now_ns)

    def _side(self, resource: dict[str, Any], span: Any, now_ns: int) -> None:
        side = {2: "server", 3: "client", 4: "client", 5: "server"}.get(span.kind)
        if side is None:
            return
        key = span.trace_id, span.span_id if side == "client" else span.parent_span_id or bytes(8)
        edge = self._edge(key, now_ns)
        if edge is None:
            return
        own = first(span.attributes)
        took = max(span.end_time_unix_nano - span.start_time_unix_nano, 0)
        edge |= {side: _text(resource["service.name"]), f"{side}_ns": took}
        edge["failed"] |= span.status.code == 2
        edge["connection"] = "messaging_system" if span.kind in (4, 5) else ""
        for name in DIMENSIONS:
            for source in (own, resource):
                if name in source:
                    edge["dimensions"][f"{side}_{name}"] = _text(source[name])
        if side == "client":
            edge["peer"] = next((_text(own[name]) for name in PEERS if name in own), "")
            for name in DATABASES:
                found = [source[name] for source in (resource, own) if name in source]
                if found:
                    edge |= {"connection": "database", "server": _text(found[0]), "server_ns": took}
        if edge["client"] and edge["server"]:
            del self.waiting[key]
            self._count(edge, "")

    def _edge(self, key: Any, now_ns: int) -> dict[str, Any] | None:
        if key not in self.waiting:
            if len(self.waiting) >= MAX_ITEMS:
                self.dropped += 1
                return None
            edge = {"client": "", "server": "", "client_ns": 0, "server_ns": 0, "failed": False, "peer": ""}
            self.waiting[key] = edge | {"dimensions": {}, "until": now_ns + TTL_NS}
        return self.waiting[key]

    def expire(self, now_ns: int) -> None:
        for key, edge in list(self.waiting.items()):
            if edge["until"] >= now_ns:
                return
            del self.waiting[key]
            edge["connection"] = "virtual_node"
            if not edge["client"] and key[1] == bytes(8):
                self._count(edge | {"client": "user"}, "client")
            elif not edge["server"]:
                self._count(edge | {"server": edge["peer"] or "unknown"}, "server")

    def _count(self, edge: dict[str, Any], virtual: str) -> None:
        attributes = {"client": edge["client"], "server": edge["server"], "connection_type": edge["connection"]}
        attributes |= {"failed": edge["failed"], "virtual_node": virtual} | edge["dimensions"]
        self.series.setdefault(frozenset(attributes.items()), []).append((edge["server_ns"], edge["client_ns"]))


def _text(value: Any) -> str:
    found = text(value)
    return "encoded" if isinstance(found, tuple) else found


def read(points: dict[str, Any]) -> dict[Any, Any]:
    """Attributes → calls, counts and sums of both sides, as `expected` has it."""
    found: dict[Any, Any] = {}
    for name in ("total", "failed_total", "server", "client"):
        for point in points.get(f"traces_service_graph_request_{name}", []):
            key = frozenset(point.attributes)
            found.setdefault(key, {})[name] = point.value if "total" in name else (point.count, point.sum)
    return found


def expected(oracle: Oracle) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for attributes, calls in oracle.series.items():
        sums = [float(sum(side)) / 1e9 for side in zip(*calls, strict=True)]
        found[attributes] = {"total": len(calls), "server": (len(calls), sums[0]), "client": (len(calls), sums[1])}
        if ("failed", True) in attributes:
            found[attributes]["failed_total"] = len(calls)
    return found
