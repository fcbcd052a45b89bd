"""Makes the load: pre-encoded trace requests as production sends them, written once to a cache folder.

40 services, 300 operations, 200 attribute keys; about 700 bytes and 19 attributes a span; 10 to 30 spans a trace,
strewn over requests that overtake each other; every tenth text value not ASCII. Half of the requests have their
fields in descending order, as the Go collector writes them, the others in random order; attributes are shuffled.
"""

import os
import random
import struct
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

SERVICES, OPERATIONS, KEYS = 40, 300, 200
BASE_NS = 1_790_000_000_000_000_000
LATE_SPANS = 200_000
"""After so many others come the late spans of a split trace."""
SEED = 20261121
VERSION = 3
"""Raised when the corpus changes, so that a cached one is made anew."""

PRODUCTION = 2
"""The same for `production`."""

Field = tuple[int, bytes]
"""Number, and tag with value as on the wire."""


def cache_folder() -> Path:
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "otelier" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def corpus(spans: int, spans_a_request: int, *, in_time_order: bool = False) -> Path:
    """The file of requests (format: see load/src/main.rs), made if it isn't there yet.

    `in_time_order` is how a store meets spans: traces start one after the other, and of every twentieth trace a
    part comes so late that the rest has long been stored. Otherwise starts are strewn over an hour.
    """
    path = cache_folder() / f"traces-v{VERSION}{'t' if in_time_order else ''}-{spans}-{spans_a_request}.bin"
    if not path.exists():
        rng = random.Random(SEED)
        partial = path.with_suffix(".tmp")
        made = _late(rng, _in_time_order(rng, spans)) if in_time_order else _strewn(rng, spans)
        with partial.open("wb") as file:
            for request, items in _requests(rng, made, spans_a_request):
                file.write(struct.pack("<II", len(request), items) + request)
        partial.rename(path)
    return path


def production(spans: int, spans_a_request: int) -> Path:
    """What applications on the web send: HTTP attributes, 5 % of traces with an error, 3 % slower than a second,
    4 % of health checks and their like. An operation belongs to one service, has one kind and one or two response
    codes: with four instances a service that makes some 4 000 series. Otherwise as `corpus`.
    """
    path = cache_folder() / f"traces-v{VERSION}p{PRODUCTION}-{spans}-{spans_a_request}.bin"
    if not path.exists():
        rng = random.Random(SEED)
        unfinished = path.with_suffix(".tmp")
        with unfinished.open("wb") as file:
            for request, items in _requests(rng, _production(rng, spans), spans_a_request, one_language=True):
                file.write(struct.pack("<II", len(request), items) + request)
        unfinished.rename(path)
    return path


def many_keys(keys: int) -> Path:
    """Requests of one service, 512 spans each: every span has the next five of so many keys."""
    path = cache_folder() / f"keys-v{VERSION}-{keys}.bin"
    if not path.exists():
        rng = random.Random(SEED)
        with path.open("wb") as file:
            for number in range(0, keys * 5, 512):
                spans = [_Span(0, _noisy(rng, number + place, keys)) for place in range(512)]
                request = _request(rng, SERVICES, spans)
                file.write(struct.pack("<II", len(request), len(spans)) + request)
    return path


def _noisy(rng: random.Random, number: int, keys: int) -> list[Field]:
    begin = BASE_NS + number * 20_000
    names = [f"user.input.{(number * 5 + place) % keys:05}" for place in range(5)]
    attributes = [_join([_bytes(1, name.encode()), _bytes(2, _bytes(1, b"some value")[1])]) for name in names]
    return [
        _bytes(1, rng.randbytes(16)),
        _bytes(2, rng.randbytes(8)),
        _bytes(5, b"accept anything"),
        _varint(6, 2),
        _fixed64(7, begin),
        _fixed64(8, begin + 1_000_000),
        *(_bytes(9, attribute) for attribute in attributes),
    ]


def read(path: Path) -> Iterator[tuple[bytes, int]]:
    """(encoded request, items) in order."""
    data = path.read_bytes()
    at = 0
    while at < len(data):
        length, items = struct.unpack_from("<II", data, at)
        yield data[at + 8 : at + 8 + length], items
        at += 8 + length


def _strewn(rng: random.Random, spans: int) -> Iterator[list["_Span"]]:
    """Traces that start anywhere within an hour."""
    made = 0
    while made < spans:
        yield (trace := list(_trace(rng, rng.randrange(3600 * 10**9))))
        made += len(trace)


def _in_time_order(rng: random.Random, spans: int) -> Iterator[list["_Span"]]:
    """Traces that start one after the other, 50 000 spans a second."""
    made = 0
    while made < spans:
        yield (trace := list(_trace(rng, made * 20_000)))
        made += len(trace)


def _late(rng: random.Random, traces: Iterator[list["_Span"]]) -> Iterator[list["_Span"]]:
    """Of every twentieth trace, the last third comes after `LATE_SPANS` others."""
    late: list[tuple[int, list[_Span]]] = []
    made = 0
    for trace in traces:
        cut = len(trace) * 2 // 3 if rng.random() < 0.05 else len(trace)
        yield trace[:cut]
        made += cut
        if trace[cut:]:
            late.append((made + LATE_SPANS, trace[cut:]))
        while late and late[0][0] <= made:
            yield late.pop(0)[1]
    yield from (part for _, part in late)


def _requests(
    rng: random.Random, traces: Iterator[list["_Span"]], size: int, *, one_language: bool = False
) -> Iterator[tuple[bytes, int]]:
    """One resource a request, as an SDK sends; a service's spans leave in the order in which they ended."""
    waiting: dict[int, list[_Span]] = {}
    for trace in traces:
        for span in trace:
            queue = waiting.setdefault(span.service, [])
            # Neighbours overtake each other.
            queue.insert(max(0, len(queue) - rng.randrange(8)), span)
        for service, queue in waiting.items():
            while len(queue) >= size:
                yield _request(rng, service, queue[:size], one_language=one_language), size
                del queue[:size]
    for service, queue in waiting.items():
        if queue:
            yield _request(rng, service, queue, one_language=one_language), len(queue)


class _Span:
    def __init__(self, service: int, body: list[Field]) -> None:
        self.service = service
        self.body = body


def _trace(
    rng: random.Random,
    after_ns: int,
    *,
    failing: float = 0.05,
    attributes: Callable[..., list[bytes]] | None = None,
    one_home: bool = False,
) -> Iterator[_Span]:
    """`one_home`: an operation belongs to one service and has one kind."""
    trace_id = rng.randbytes(16)
    start = BASE_NS + after_ns
    parents: list[bytes] = []
    for depth in range(rng.randint(10, 30)):
        span_id = rng.randbytes(8)
        operation = min(int(rng.expovariate(1 / 40)), OPERATIONS - 1)
        begin = start + depth * rng.randrange(1, 3_000_000)
        end = begin + int(rng.lognormvariate(15.5, 1.3))
        kind = [1, 2, 2, 3, 3, 4, 5][operation % 7] if one_home else rng.choice([1, 2, 2, 3, 3, 4, 5])
        body = [
            _bytes(1, trace_id),
            _bytes(2, span_id),
            _bytes(5, f"{['GET', 'POST', 'publish', 'SELECT'][operation % 4]} /operation/{operation:03}".encode()),
            _varint(6, kind),
            _fixed64(7, begin),
            _fixed64(8, end),
            *(_bytes(9, value) for value in (attributes or _attributes)(rng, operation)),
            _fixed32(16, 0x101),
        ]
        if parents:
            body.append(_bytes(4, rng.choice(parents)))
        if rng.random() < failing:
            body.append(_bytes(15, _join([_bytes(2, b"upstream timed out"), _varint(3, 2)])))
            body.append(_bytes(11, _event(end)))
        parents.append(span_id)
        yield _Span((operation * 7 + (0 if one_home else depth // 4)) % SERVICES, body)


_NOISE = ["/metrics", "/actuator/info", "/health", "/healthz"]


def _production(rng: random.Random, spans: int) -> Iterator[list["_Span"]]:
    made = 0
    while made < spans:
        noise = rng.choice(_NOISE) if rng.random() < 0.04 else ""
        trace = list(_trace(rng, made * 50_000, failing=0, attributes=partial(_web, noise), one_home=True))
        if rng.random() < 0.05:
            trace[-1].body += [_bytes(15, _join([_bytes(2, b"upstream timed out"), _varint(3, 2)]))]
        if rng.random() < 0.03:
            trace[0].body = [field for field in trace[0].body if field[0] != 8]
            trace[0].body.append(_fixed64(8, BASE_NS + made * 50_000 + rng.randrange(12, 50) * 10**8))
        made += len(trace)
        yield trace


def _web(noise: str, rng: random.Random, operation: int) -> list[bytes]:
    """The HTTP attributes of both generations, and seven of the 200 keys."""
    route = noise or f"/api/v1/resource/{operation:03}"
    code = rng.choices([201 if operation % 3 else 200, 404], [9, 1])[0]
    texts = {
        "http.request.method": ["GET", "POST"][operation % 2], "http.method": ["GET", "POST"][operation % 2],
        "http.route": route, "http.target": f"{route}?page={rng.randrange(100)}",
        "url.query": f"page={rng.randrange(100)}&sort=name", "app.user.id": f"user-{rng.randrange(10**6)}",
        "thread.name": f"http-nio-8080-exec-{rng.randrange(200)}", "server.address": f"shop-{operation % 9}.internal",
        "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    }  # fmt: skip
    attributes = [_join([_bytes(1, k.encode()), _bytes(2, _bytes(1, v.encode())[1])]) for k, v in texts.items()]
    codes = ("http.response.status_code", "http.status_code")
    attributes += [_join([_bytes(1, key.encode()), _bytes(2, _varint(3, code)[1])]) for key in codes]
    keys = random.Random(operation).sample(range(KEYS), 7)
    attributes += [_attribute(rng, key) for key in keys]
    rng.shuffle(attributes)
    return attributes


def _attributes(rng: random.Random, operation: int) -> list[bytes]:
    """15 to 23 of 200 keys; an operation always uses the same ones, as code does."""
    own = random.Random(operation)
    keys = own.sample(range(KEYS), 15 + operation % 9)
    attributes = [_attribute(rng, key) for key in keys]
    rng.shuffle(attributes)
    return attributes


WORDS = ["checkout", "inventory", "session", "eu-central-1", "payment", "warm", "retry", "gold", "mobile", "default"]
_FAR = ["주문/결제", "größe", "東京リージョン", "café", "отмена"]


def key_name(key: int) -> str:
    """Of one of the 200. Its values are integers, booleans, doubles, like ids, or like paths: `key` modulo 8 tells."""
    return f"app.{WORDS[key % 10][:8]}.k{key:03}"


def _attribute(rng: random.Random, key: int) -> bytes:
    name = _bytes(1, key_name(key).encode())
    match key % 8:
        case 0:
            value = _varint(3, rng.choice([200, 200, 200, 404, 500, rng.randrange(10**6)]))
        case 1:
            value = _varint(2, rng.randrange(2))
        case 2:
            value = (4, b"\x21" + struct.pack("<d", rng.random() * 1000))
        case 3:
            value = _bytes(1, f"{rng.choice(WORDS)}-{rng.randrange(16**8):08x}".encode())
        case _:
            words = _FAR if rng.random() < 0.13 else WORDS
            value = _bytes(1, f"/{rng.choice(words)}/{rng.randrange(5000)}".encode())
    return _join([name, _bytes(2, value[1])])


def _event(time: int) -> bytes:
    message = _join([_bytes(1, b"exception.message"), _bytes(2, _bytes(1, b"deadline exceeded")[1])])
    return _join([_fixed64(1, time), _bytes(2, b"exception"), _bytes(3, message)])


def _request(rng: random.Random, service: int, spans: list[_Span], *, one_language: bool = False) -> bytes:
    descending = rng.random() < 0.5

    def ordered(fields: list[Field]) -> bytes:
        if descending:
            return _join(sorted(fields, key=lambda f: -f[0]))
        # Attributes keep their (shuffled) order among themselves; the fields mix.
        return _join(sorted(fields, key=lambda _: rng.random()))

    languages = ["python", "go", "java"]
    resource = [
        _bytes(1, _join([_bytes(1, key.encode()), _bytes(2, _bytes(1, value.encode())[1])]))
        for key, value in [
            ("service.name", f"service-{service:02}"),
            ("service.version", f"1.{service}.0"),
            ("service.instance.id", f"{service:08x}-0000-4000-8000-{rng.randrange(4):012x}"),
            ("host.name", f"node-{service % 7}"),
            ("telemetry.sdk.name", "opentelemetry"),
            ("telemetry.sdk.language", languages[service % 3] if one_language else rng.choice(languages)),
        ]
    ]
    scope = [_bytes(1, b"otelier.bench.instrumentation"), _bytes(2, b"2.1.0")]
    half = max(1, len(spans) * 2 // 3)
    scopes = [
        _bytes(2, ordered([_bytes(1, ordered(scope)), *(_bytes(2, ordered(s.body)) for s in part)]))
        for part in (spans[:half], spans[half:])
        if part
    ]
    return _bytes(1, ordered([_bytes(1, ordered(resource)), *scopes]))[1]


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _bytes(number: int, value: bytes) -> Field:
    return number, _number(number << 3 | 2) + _number(len(value)) + value


def _varint(number: int, value: int) -> Field:
    return number, _number(number << 3) + _number(value)


def _fixed64(number: int, value: int) -> Field:
    return number, _number(number << 3 | 1) + struct.pack("<Q", value)


def _fixed32(number: int, value: int) -> Field:
    return number, _number(number << 3 | 5) + struct.pack("<I", value)


def _join(fields: Iterable[Field]) -> bytes:
    return b"".join(wire for _, wire in fields)
