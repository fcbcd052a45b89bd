"""Traces of very different sizes, many enough for several row groups, and queries about what is in them."""

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otelier.telemetry import Batch
from otelier.testing.telemetry import START_NS, key_values

from .generate import VALUES

S = 10**9
HOUR = 3600 * S
_NUMBERS = [0, 1, 2, 3, 5, 7, 200, 404, 500, 5.0, 0.5, "5", True]
_RESOURCES: list[Mapping[str, Any]] = [
    {"service.name": "web"},
    {"service.name": "cart", "a": "x"},
    {"service.name": 5, "a": 5},
    {"service.name": "web", "b": ["x"]},
    *({"service.name": f"svc-{number}", "k8s.pod": f"p{number}"} for number in range(12)),
]


class Made(NamedTuple):
    """A span."""

    resource: int
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    start_ns: int
    duration_ns: int
    name: str
    kind: int
    status: int
    attributes: Mapping[str, Any]
    fails: bool


def spans(rng: random.Random, count: int) -> list[Made]:
    """About so many, in whole traces over an hour."""
    made: list[Made] = []
    number = 0
    while len(made) < count:
        number += 1
        head = b"" if number % 50 else b"\0\x0b"
        trace_id = head + rng.randbytes(16 - len(head))
        base = START_NS + rng.randrange(HOUR)
        size = rng.choice([1, 2, 5, 10, 25]) if number % 200 else 400
        ids = [rng.randbytes(8) for _ in range(size)]
        for place, span_id in enumerate(ids):
            parent = ids[rng.randrange(place)] if place and rng.random() < 0.97 else b""
            if not parent and rng.random() < 0.05:
                parent = rng.randbytes(7) + b"\1"
            made.append(
                Made(
                    rng.randrange(len(_RESOURCES)),
                    trace_id,
                    span_id,
                    parent,
                    base + rng.randrange(2 * S),
                    rng.choice([0, 1, 10**6, 5 * 10**6, 10**8, 2 * S, rng.randrange(S)]),
                    rng.choice(["get", "put", "get all", f"op {rng.randrange(40)}"]),
                    rng.choice([0, 1, 2, 3]),
                    rng.choice([0, 0, 0, 1, 2]),
                    _attributes(rng),
                    rng.random() < 0.03,
                )
            )
    return made


def _attributes(rng: random.Random) -> dict[str, Any]:
    """Frequent ones, rare ones, ids, numbered texts, paths."""
    likely: list[tuple[float, str, Any]] = [
        (0.7, "n", rng.choice(_NUMBERS)),
        (0.5, "a", rng.choice(VALUES)),
        (0.3, "user", f"u{rng.getrandbits(40)}"),
        (0.3, "seq", f"req-{rng.randrange(10**7)}"),
        (0.2, "session", f"s-{rng.getrandbits(32):08x}"),
        (0.3, "url", f"/api/v1/items/{rng.randrange(10**6)}?q={rng.randrange(100)}"),
        (0.002, f"rare{rng.randrange(30)}", rng.choice(["x", 7, True])),
        (0.4, "bytes", rng.randrange(10**6)),
        (0.2, "f", rng.random() * 100),
    ]
    return {key: value for likelihood, key, value in likely if rng.random() < likelihood}


def batch(made: Iterable[Made]) -> Batch:
    """As OTLP."""
    request = ExportTraceServiceRequest()
    scopes: dict[int, Any] = {}
    for each in made:
        if each.resource not in scopes:
            of_resource = request.resource_spans.add()
            of_resource.resource.attributes.extend(key_values(_RESOURCES[each.resource]))
            scopes[each.resource] = of_resource.scope_spans.add()
            scopes[each.resource].scope.name = "lib"
        span = scopes[each.resource].spans.add(
            trace_id=each.trace_id,
            span_id=each.span_id,
            parent_span_id=each.parent_id,
            start_time_unix_nano=each.start_ns,
            end_time_unix_nano=each.start_ns + each.duration_ns,
            name=each.name,
            kind=each.kind,
            attributes=key_values(each.attributes),
        )
        span.status.code = each.status
        span.status.message = "boom" if each.status == 2 else ""
        if each.fails:
            event = span.events.add(name="exception", time_unix_nano=each.start_ns + 5)
            event.attributes.extend(key_values({"e": "x"}))
    return Batch.from_otlp("traces", request.SerializeToString())


_ALWAYS = [
    "span.n = 5.0", "span.n != 200", "span.n >= 404", 'span.a = "x"', 'span.a != "x"', "span.a = nil", "span.a != nil",
    "!(span.n = 5)", "status = error", "status != error", "kind = server", "kind != client", "duration < 1ms",
    'name =~ "op 1.*"', 'resource.service.name = "web"', 'resource.service.name =~ "svc-1.*"',
    'resource.service.name != "web"', 'resource.k8s.pod = "p3"', ".a = 5", 'resource.a = "x"',
    'event:name = "exception"', 'event.e = "x"', 'statusMessage = "boom"', "nestedSetParent = -1",
    "span:childCount > 3",
    'rootName = "get"', 'rootServiceName = "web"', "traceDuration > 3s", "trace:duration < 1s", "parent.n = 5",
    'parent.resource.service.name = "cart"', "parent = nil", "span.n + 1 > 404", "span.bytes / 2 > 400000",
    "span.bytes > span.n", "span.user = span.seq", 'instrumentation:name = "lib"', 'span.url !~ ".*q=5.*"',
]  # fmt: skip
_STRUCTURE = [">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!~", "&>>", "&&", "||", "&<", "!<<"]
_STAGES = [
    "count() > 3", "count() = 0", "avg(duration) > 100ms", "max(span.bytes) > 900000", "sum(span.n) < 10",
    "min(span.f) > 50", "by(resource.service.name) | count() > 1", "by(span.n) | count() > 2", "by(name) | count() > 0",
]  # fmt: skip
_FUNCTIONS = [
    "rate()", "count_over_time()", "min_over_time(duration)", "max_over_time(span.bytes)", "avg_over_time(duration)",
    "sum_over_time(span.n)", "quantile_over_time(duration, 0, .5, .9, 1)", "quantile_over_time(span.bytes, .5, .99)",
    "histogram_over_time(duration)", "avg_over_time(span.f)",
]  # fmt: skip
_BY = [
    "", " by (resource.service.name)", " by (name, kind)", " by (span.n)", " by (span.a)", " by (status)",
    " by (rootServiceName)", " by (span.user)", " by (.seq)", " by (span.session)", " by (span.bytes)",
    " by (resource.service.name, span.n)",
]  # fmt: skip


class Queries:
    """About these spans."""

    def __init__(self, rng: random.Random, made: Sequence[Made]) -> None:
        self._rng = rng
        self._made = made

    def search(self) -> str:
        one, other, kind = self._filter(), self._filter(), self._rng.random()
        if kind < 0.45:
            return one
        if kind < 0.7:
            return f"{one} {self._rng.choice(_STRUCTURE)} {other}"
        return f"{one} | {self._rng.choice(_STAGES)}" if kind < 0.9 else f"!{one} && {other}"

    def metrics(self) -> str:
        of = self._rng.choice(["{ }", self._filter(), self._filter()])
        return f"{of} | {self._rng.choice(_FUNCTIONS)}{self._rng.choice(_BY)}"

    def _filter(self) -> str:
        parts = [self._condition() for _ in range(self._rng.choice([1, 1, 2, 2, 3]))]
        return f"{{ {self._rng.choice([' && ', ' || ']).join(parts)} }}"

    def _condition(self) -> str:
        rng = self._rng
        about = rng.choice(
            [
                self._of("user", '= "{}"'),
                self._of("seq", '= "{}"', '!= "{}"', '> "{}"'),
                self._of("session", '= "{}"'),
                self._of("url", '= "{}"'),
                self._of("bytes", "= {}", "> {}"),
                f'span.url =~ "/api/v1/items/{rng.randrange(100)}[0-9]*.q={rng.randrange(100)}"',
                f"span.f > {rng.random() * 100}",
                f"span.n = {rng.choice([5, 404, 0, 7])}",
                f"span.rare{rng.randrange(30)} {rng.choice(['!= nil', '= 7'])}",
                f"duration > {rng.choice(['1ms', '100ms', '1.5s', '999ms'])}",
                f"duration != {rng.choice(['1ms', '2s'])}",
                f'name = "op {rng.randrange(40)}"',
            ]
        )
        return rng.choice([about, rng.choice(_ALWAYS)])

    def _of(self, key: str, *tests: str) -> str:
        """A test for a value that there is."""
        some = self._rng.choice(
            [each.attributes[key] for each in self._rng.sample(self._made, 100) if key in each.attributes]
        )
        return f"span.{key} {self._rng.choice(tests).format(some)}"
