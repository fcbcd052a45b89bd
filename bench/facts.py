"""What a corpus holds, span by span, and from it what a right pipeline must put out."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from . import corpus

_MASK = 0x9E37_79B9_7F4A_7C15
_NOISE = re.compile(r"/metrics|/actuator*|opentelemetry\.proto|/health")
_CLIENT, _INTERNAL, _ERROR = 3, 1, 2


@dataclass(frozen=True, slots=True)
class Span:
    trace: bytes
    start_ns: int
    end_ns: int
    failed: bool
    noisy: bool
    route: str
    kind: int


@cache
def facts(path: Path) -> list[list[Span]]:
    """The spans of each request."""
    return [_spans(request) for request, _ in corpus.read(path)]


def _spans(request: bytes) -> list[Span]:
    found = []
    for resource in ExportTraceServiceRequest.FromString(request).resource_spans:
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            texts = {each.key: each.value.string_value for each in span.attributes}
            times = (span.start_time_unix_nano, span.end_time_unix_nano)
            failed = span.status.code == _ERROR
            noisy = bool(_NOISE.search(texts.get("http.target", "")))
            found.append(Span(span.trace_id, *times, failed, noisy, texts.get("http.route", ""), span.kind))
    return found


def without_health_checks(path: Path, accepted: list[int]) -> int:
    """Spans that a filter on the route lets through."""
    kept = [sum(span.route != "/healthz" for span in spans) for spans in facts(path)]
    return sum(count * times for count, times in zip(kept, accepted, strict=True))


def counted_calls(path: Path, accepted: list[int]) -> int:
    """Spans whose metrics layer 2 keeps: all but clients' and internal ones."""
    kept = [sum(span.kind not in (_CLIENT, _INTERNAL) for span in spans) for spans in facts(path)]
    return sum(count * times for count, times in zip(kept, accepted, strict=True))


def quiet_spans(path: Path, requests: int) -> int:
    """Spans of traces without a noisy URL, among the first `requests` ones."""
    return sum(len(spans) for spans in _traces(path, requests).values() if not any(span.noisy for span in spans))


def sampled(path: Path, requests: int, slow_ms: int, percent: float, slow_span_ms: int = 0) -> dict[str, int]:
    """Spans of each trace that latency, status and share keep, among the first `requests` ones.

    `slow_span_ms`: a single span longer than this is enough; 0: no such policy.
    """
    limit = int((2**64 - 1) * (percent / 100))
    kept = {}
    for trace, spans in _traces(path, requests).items():
        took_ms = (max(span.end_ns for span in spans) - min(span.start_ns for span in spans)) // 10**6
        slow = took_ms >= slow_ms  # versions of the peer differ at the threshold itself
        slow |= slow_span_ms > 0 and any(span.end_ns - span.start_ns > slow_span_ms * 10**6 for span in spans)
        if slow or any(span.failed for span in spans) or _fnv1a(b"default-hash-seed" + trace) <= limit:
            kept[trace.hex()] = len(spans)
    return kept


def _traces(path: Path, requests: int) -> dict[bytes, list[Span]]:
    """Spans by trace; each round through the corpus has ids of its own (bench/load/src/unique.rs)."""
    traces: dict[bytes, list[Span]] = defaultdict(list)
    table = facts(path)
    for number in range(requests):
        turn = number // len(table)
        mask = (turn * _MASK) % 2**64
        for span in table[number % len(table)]:
            head = int.from_bytes(span.trace[:8], "little") ^ mask
            traces[head.to_bytes(8, "little") + span.trace[8:]].append(span)
    return traces


def _fnv1a(data: bytes) -> int:
    value = 0xCBF2_9CE4_8422_2325
    for byte in data:
        value = (value ^ byte) * 0x100_0000_01B3 % 2**64
    return value
