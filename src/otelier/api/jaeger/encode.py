"""OTLP spans as the classic API shows them.

What OTLP says in fields of its own becomes tags, under the names of OpenTelemetry's mapping to Jaeger. Times lose
their nanoseconds, because the format has microseconds; nothing else is lost.
"""

import msgspec

from ...query.kinds import ERROR, kind_name
from ...query.search import NO_SERVICE
from ...telemetry import Batch
from . import tagged
from .tagged import NONE, Tag, Tags
from .trace_id import shown_hex
from .ui_model import Log, Process, Reference, Span, Trace

_US = 1000
_STATUS = ("", "OK", "ERROR")
_CHILD_OF = "CHILD_OF"
_REF_TYPE = "opentracing.ref_type"
_IP, _PEER_IP = b'"key":"ip",', b'"key":"peer.ipv4",'
_IPV4_MAX = 2**32

_encode = msgspec.json.Encoder().encode


def traces(batch: Batch, *, raw: bool) -> dict[str, Trace]:
    """Every trace of a batch by its id of 32 hex digits, spans in the order in which they come.

    Unless `raw`, tags are sorted by key, and addresses that are integers are dotted.
    """
    made: dict[str, _Builder] = {}
    processes: dict[bytes, Process] = {}
    for group in tagged.read_traces(batch, sort=not raw):
        resource = bytes(group.resource)
        process = processes.get(resource)
        if process is None:
            process = processes[resource] = _process(group.resource, raw=raw)
        for scoped in group.scopeSpans:
            before = _scope_tags(scoped.scope)
            for span in scoped.spans:
                builder = made.get(span.traceId)
                if builder is None:
                    builder = made[span.traceId] = _Builder(span.traceId, raw=raw)
                builder.add(span, before, resource, process)
    return {trace_id: builder.trace for trace_id, builder in made.items()}


class _Builder:
    def __init__(self, trace_id: str, *, raw: bool) -> None:
        self.trace = Trace(shown_hex(trace_id), [], {}, None)
        self._names: dict[bytes, str] = {}
        self._raw = raw

    def add(self, span: tagged.Span, scope_tags: bytes, resource: bytes, process: Process) -> None:
        name = self._names.get(resource)
        if name is None:
            name = self._names[resource] = f"p{len(self._names) + 1}"
            self.trace.processes[name] = process
        start_ns, end_ns = int(span.startTimeUnixNano), int(span.endTimeUnixNano)
        warnings = None
        if end_ns < start_ns:
            warnings = [f"the span ends {start_ns - end_ns} ns before it starts; its duration is shown as 0"]
            end_ns = start_ns
        trace_id = self.trace.traceID
        own = bytes(span.attributes)
        if not self._raw and (_IP in own or _PEER_IP in own):
            own = _encode(dotted(tagged.read_tags(own)))
        self.trace.spans.append(
            Span(
                trace_id,
                span.spanId,
                span.name,
                _references(span, trace_id) if span.parentSpanId or span.links else [],
                start_ns // _US,
                (end_ns - start_ns) // _US,
                joined(scope_tags, own, _field_tags(span)),
                [_log(event) for event in span.events],
                name,
                warnings,
                span.flags & 0xFF,
            )
        )


def joined(*arrays: bytes) -> Tags:
    """Several JSON arrays as one."""
    return Tags(b"[" + b",".join([array[1:-1] for array in arrays if array != NONE]) + b"]")


def dotted(tags: list[Tag]) -> list[Tag]:
    """IPv4 addresses that came as integers, signed in some clients, as people write them."""
    return [
        Tag(tag.key, "string", ".".join(map(str, (tag.value % _IPV4_MAX).to_bytes(4, "big"))))
        if tag.key in ("ip", "peer.ipv4") and tag.type == "int64" and isinstance(tag.value, int)
        else tag
        for tag in tags
    ]


def _process(resource: msgspec.Raw, *, raw: bool) -> Process:
    name = None
    tags: list[Tag] = []
    for tag in tagged.read_resource(resource):
        if name is None and tag.key == "service.name" and tag.type == "string":
            name = str(tag.value)
        else:
            tags.append(tag)
    return Process(NO_SERVICE if name is None else name, tags if raw else dotted(tags))


def _scope_tags(scope: tagged.Scope) -> bytes:
    tags: list[Tag] = []
    if scope.name:
        tags.append(Tag("otel.scope.name", "string", scope.name))
    if scope.version:
        tags.append(Tag("otel.scope.version", "string", scope.version))
    own = bytes(scope.attributes)
    return bytes(joined(_encode(tags), own)) if tags or own != NONE else NONE


def _field_tags(span: tagged.Span) -> bytes:
    status = span.status
    if not status.code and not status.message and not span.traceState:
        return _KIND_TAGS[span.kind] if 0 <= span.kind < len(_KIND_TAGS) else NONE
    tags: list[Tag] = []
    if kind := kind_name(span.kind):
        tags.append(Tag("span.kind", "string", kind))
    if 0 < status.code < len(_STATUS):
        tags.append(Tag("otel.status_code", "string", _STATUS[status.code]))
        if status.code == ERROR:
            tags.append(Tag("error", "bool", True))
    if status.message:
        tags.append(Tag("otel.status_description", "string", status.message))
    if span.traceState:
        tags.append(Tag("w3c.tracestate", "string", span.traceState))
    return _encode(tags)


_KIND_TAGS = tuple(
    _encode([Tag("span.kind", "string", name)]) if (name := kind_name(kind)) else NONE for kind in range(6)
)
"""Of spans that have nothing else to tell, which are most."""


def _references(span: tagged.Span, trace_id: str) -> list[Reference]:
    made = [Reference(_CHILD_OF, trace_id, span.parentSpanId)] if span.parentSpanId else []
    if not span.links:
        return made
    return made + [Reference(_ref_type(link), shown_hex(link.traceId), link.spanId) for link in span.links]


def _ref_type(link: tagged.Link) -> str:
    for tag in tagged.read_tags(link.attributes):
        if tag.key == _REF_TYPE and tag.value == "child_of":
            return _CHILD_OF
    return "FOLLOWS_FROM"


def _log(event: tagged.Event) -> Log:
    own = bytes(event.attributes)
    if event.name:
        return Log(int(event.timeUnixNano) // _US, joined(_encode([Tag("event", "string", event.name)]), own))
    return Log(int(event.timeUnixNano) // _US, Tags(own))
