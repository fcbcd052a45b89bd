"""Seeded traces as a shop's services send them, and what two right layers must make of them."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

SERVICES = ["front", "cart", "checkout", "payment", "stock", "mail", "search", "주문"]
START_NS = 1_790_000_000 * 10**9
NOISE = re.compile(r"/metrics|/actuator*|opentelemetry\.proto|/health")
CLIENT, INTERNAL = 3, 1


@dataclass
class Trace:
    id: bytes
    spans: list[tuple[str, Span]] = field(default_factory=list)
    """(service, span)."""

    @property
    def noisy(self) -> bool:
        texts = [
            each.value.string_value for _, span in self.spans for each in span.attributes if each.key == "http.target"
        ]
        return any(NOISE.search(text) for text in texts)

    @property
    def kept(self) -> bool:
        """By layer 2: slower than half a second, failed, or one of the five in a hundred."""
        starts = [span.start_time_unix_nano for _, span in self.spans]
        ends = [span.end_time_unix_nano for _, span in self.spans]
        slow = (max(ends) - min(starts)) // 10**6 > 500
        failed = any(span.status.code == Status.STATUS_CODE_ERROR for _, span in self.spans)
        return not self.noisy and (slow or failed or fnv1a(b"default-hash-seed" + self.id) <= int((2**64 - 1) * 0.05))


def fnv1a(data: bytes) -> int:
    value = 0xCBF2_9CE4_8422_2325
    for byte in data:
        value = (value ^ byte) * 0x100_0000_01B3 % 2**64
    return value


def traces(count: int, seed: int) -> list[Trace]:
    """That many; a tenth is noise, a twentieth fails, a thirtieth is slow."""
    rng = random.Random(seed)
    return [_trace(rng, number) for number in range(count)]


def _trace(rng: random.Random, number: int) -> Trace:
    trace = Trace(rng.randbytes(16))
    noise = rng.choice(["/metrics", "/actuator/info", "/health"]) if rng.random() < 0.1 else ""
    begin = START_NS + number * 10**6
    parent = b""
    for depth in range(rng.randint(2, 8)):
        start = begin + depth * rng.randrange(1, 10**6)
        span = Span(
            trace_id=trace.id, span_id=rng.randbytes(8), parent_span_id=parent, kind=rng.randrange(6),
            name=f"{rng.choice(['GET', 'POST'])} /{rng.randrange(6)}", start_time_unix_nano=start,
            end_time_unix_nano=start + rng.randrange(10**5, 10**8),
        )  # fmt: skip
        route = noise if noise and not depth else f"/api/{rng.randrange(6)}"
        texts = {"http.method": "GET", "http.route": route, "http.target": route + "?a=1", "thread.name": "exec-1"}
        span.attributes.extend(KeyValue(key=k, value=AnyValue(string_value=v)) for k, v in texts.items())
        span.attributes.append(KeyValue(key="http.status_code", value=AnyValue(int_value=200)))
        trace.spans.append((rng.choice(SERVICES), span))
        parent = span.span_id
    if rng.random() < 0.05:
        trace.spans[-1][1].status.code = Status.STATUS_CODE_ERROR
    if rng.random() < 0.03:
        trace.spans[0][1].end_time_unix_nano = begin + rng.randrange(6, 30) * 10**8
    return trace


def requests(made: list[Trace], spans: int = 64) -> Iterator[bytes]:
    """What the services' SDKs send: a service a request, so that traces come in parts."""
    waiting: dict[str, list[Span]] = {service: [] for service in SERVICES}
    for trace in made:
        for service, span in trace.spans:
            waiting[service].append(span)
        for service, queue in waiting.items():
            if len(queue) >= spans:
                yield _request(service, queue)
                waiting[service] = []
    yield from (_request(service, queue) for service, queue in waiting.items() if queue)


def _request(service: str, spans: list[Span]) -> bytes:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    texts = {
        "service.name": service, "service.instance.id": f"{service}-1",
        "process.command_args": "x", "telemetry.sdk.version": "1",
    }  # fmt: skip
    group.resource.attributes.extend(KeyValue(key=k, value=AnyValue(string_value=v)) for k, v in texts.items())
    group.scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


def calls(made: list[Trace]) -> Counter[str]:
    """By service, the spans that layer 2's metrics count and keep."""
    return Counter(
        service
        for trace in made
        if not trace.noisy
        for service, span in trace.spans
        if span.kind not in (CLIENT, INTERNAL)
    )
