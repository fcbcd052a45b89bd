"""OTLP JSON as the API answers it, made up for the pages: a shop's checkout, a very large trace, hostile text."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MS = 1_000_000
START_NS = 1_764_100_000_123_456_789
HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>'
STACK = 'Traceback (most recent call last):\n  File "charge.py", line 41, in charge\n    raise CardRefused(token)'
LINK = {"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331"}
BIDI = "invoice\u202egpj.exe\u2066\u200b"


@dataclass
class Trace:
    """Spans by service, and the logs that belong to them."""

    id: str
    start_ns: int = START_NS
    spans: dict[str, list[Json]] = field(default_factory=dict)
    logs: list[Json] = field(default_factory=list)
    next_id: int = 1

    def span(self, service: str, name: str, start_ms: float, ms: float, parent: str = "", **more: Any) -> str:
        """Add a span; its id is the answer."""
        span_id = f"{self.next_id:016x}"
        self.next_id += 1
        start = self.at(start_ms)
        self.spans.setdefault(service, []).append({
            "traceId": self.id, "spanId": span_id, **({"parentSpanId": parent} if parent else {}), "name": name,
            "kind": more.pop("kind", 1), "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + int(ms * MS)),
            "attributes": attributes(more.pop("tags", {})), **more,
        })  # fmt: skip
        return span_id

    def at(self, ms: float) -> int:
        return self.start_ns + int(ms * MS)

    def log(self, service: str, span_id: str, at_ms: float, severity: int, body: Any, **values: Any) -> None:
        text = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"][(severity - 1) // 4]
        self.logs.append({
            "timeUnixNano": str(self.at(at_ms)), "severityText": text, "severityNumber": severity,
            "service": service, "body": body, "attributes": values, "spanId": span_id,
        })  # fmt: skip

    def answer(self) -> Json:
        """`/api/v3/traces/{id}`."""
        return {"result": {"resourceSpans": [
            {
                "resource": {"attributes": attributes({
                    "service.name": service, "service.version": "2.4.1", "host.name": f"node-{len(service)}",
                    "telemetry.sdk.language": "python",
                })},
                "scopeSpans": [{"scope": {"name": "shop.instrumentation", "version": "0.9"}, "spans": spans}],
            }
            for service, spans in self.spans.items()
        ]}}  # fmt: skip

    def summary(self, shift_ns: int = 0) -> Json:
        """Its place in `/api/v3/trace-summaries`, moved in time."""
        all_spans = [(service, span) for service, spans in self.spans.items() for span in spans]
        root_service, root = next((pair for pair in all_spans if "parentSpanId" not in pair[1]), all_spans[0])
        return {
            "traceId": self.id, "rootServiceName": root_service, "rootOperationName": root["name"],
            "minStartTimeUnixNano": str(min(int(s["startTimeUnixNano"]) for _, s in all_spans) + shift_ns),
            "maxEndTimeUnixNano": str(max(int(s["endTimeUnixNano"]) for _, s in all_spans) + shift_ns),
            **counts([s for _, s in all_spans]),
            "services": [{"name": service, **counts(spans)} for service, spans in self.spans.items()],
        }  # fmt: skip


def counts(spans: list[Json]) -> Json:
    errors = sum(span.get("status", {}).get("code") == 2 for span in spans)
    return {"spanCount": len(spans), **({"errorSpanCount": errors} if errors else {})}


def attributes(values: Json) -> list[Json]:
    return [{"key": key, "value": any_value(value)} for key, value in values.items()]


def any_value(value: Any) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [any_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": attributes(value)}}
        case _:
            return {"stringValue": value}


def checkout(
    trace_id: str = "5b8efff798038103d269b633813fc60c",
    *,
    fails: bool = True,
    scale: float = 1.0,
    start_ns: int = START_NS,
) -> Trace:
    """A checkout through nine services; the payment is refused if it `fails`."""
    trace = Trace(trace_id, start_ns)

    def span(service: str, name: str, start: float, ms: float, parent: str = "", **more: Any) -> str:
        return trace.span(service, name, start * scale, ms * scale, parent, **more)

    http: Json = {"http.request.method": "POST", "http.route": "/api/checkout", "url.scheme": "https"}
    root = span("frontend", "POST /api/checkout", 0, 486.2, kind=2, tags={
        **http, "http.response.status_code": 500 if fails else 200, "user_agent.original": "Mozilla/5.0 (X11)",
        "url.full": "https://shop.example.org/api/checkout?currency=EUR", "session.id": "a81f6c1e-0f4b",
    }, status={"code": 2, "message": "checkout failed: payment refused"} if fails else {})  # fmt: skip
    place = span("checkout", "oteldemo.CheckoutService/PlaceOrder", 4.1, 478.9, root, kind=2, tags={
        "rpc.system": "grpc", "rpc.grpc.status_code": 13 if fails else 0, "app.user.id": 7_215_993_118_224_003_841,
        "app.order.amount": 172.5, "app.order.items.count": 3, "app.loyal": True,
    }, status={"code": 2} if fails else {}, events=[
        {"timeUnixNano": str(trace.at(9 * scale)), "name": "prepared", "attributes": attributes({"items": 3})},
        {"timeUnixNano": str(trace.at(210 * scale)), "name": "charged", "attributes": []},
    ])  # fmt: skip
    prepare = span("checkout", "prepareOrderItemsAndShippingQuoteFromCart", 6, 121, place)
    cart = span("cart", "oteldemo.CartService/GetCart", 8, 13.4, prepare, kind=2, tags={"app.user.id": 1})
    span("cart", "HGET", 10, 1.9, cart, kind=3, tags={"db.system": "redis", "db.query.text": "HGET cart:1"})
    for i, product in enumerate(("telescope", "eyepiece", "star map")):
        at = 24 + 22 * i
        get = span("product-catalog", "GetProduct", at, 9.5, prepare, kind=2, tags={"app.product.name": product})
        span("product-catalog", "SELECT products", at + 2, 5.1, get, kind=3, tags={"db.system": "postgresql"})
        span("currency", "Convert", at + 11, 4.2, prepare, kind=2, tags={"app.currency": "EUR"})
    quote = span("shipping", "POST /get-quote", 92, 31, prepare, kind=2)
    span("quote", "calculate-quote", 96, 18, quote, tags={"quote.items": [1, 2, 3], "quote.detail": {"zone": "EU"}})
    charge = span("payment", "charge", 131, 302.7, place, kind=2, tags={
        "app.payment.card_type": "visa", "app.payment.amount": 172.5,
    }, status={"code": 2, "message": "card refused: token expired"} if fails else {}, events=[
        {"timeUnixNano": str(trace.at(420 * scale)), "name": "exception", "attributes": attributes({
            "exception.type": "CardRefused", "exception.message": "token expired",
            "exception.stacktrace": STACK,
        })},
    ] if fails else [], links=[LINK])  # fmt: skip
    for attempt in range(3):
        span("payment", "POST bank", 140 + 95 * attempt, 82, charge, kind=3, tags={"attempt": attempt + 1})
    span("email", "send_confirmation", 436, 38, place, kind=5, tags={"messaging.system": "kafka"})
    trace.log("frontend", root, 0.4 * scale, 9, "checkout started", basket=3)
    trace.log("payment", charge, 238 * scale, 13, "bank is slow, trying again", attempt=2)
    if fails:
        trace.log("payment", charge, 420 * scale, 17, "card refused: token expired", token="tok_41")
        trace.log("frontend", root, 484 * scale, 17, "checkout failed", status=500)
    return trace


def large(count: int = 50_000, trace_id: str = "1" * 32) -> Trace:
    """A trace of so many spans: bursts of shallow trees below one root, some errors."""
    chance = random.Random(7)
    trace = Trace(trace_id)
    services = [f"service-{i:02}" for i in range(24)]
    total = float(count)
    root = trace.span("service-00", "nightly batch", 0, total)
    parents = [(root, 0.0, total)]
    while trace.next_id <= count:
        parent, start, length = parents[chance.randrange(max(0, len(parents) - 40), len(parents))]
        if chance.random() < 0.02 or length < 0.05:
            parent, start, length = root, chance.random() * total * 0.95, total * 0.02
        at, ms = start + length * chance.random() * 0.5, length * (0.2 + 0.3 * chance.random())
        status = {"code": 2, "message": "timeout"} if chance.random() < 0.004 else {}
        name = f"step {chance.randrange(300)}"
        span = trace.span(chance.choice(services), name, at, ms, parent, status=status, tags={
            "http.route": f"/items/{chance.randrange(50)}", "http.response.status_code": 200,
            "thread.id": chance.randrange(64),
            "customer.id": f"c-{chance.randrange(100_000)}", "code.function.name": "process_item", "retry": False,
        })  # fmt: skip
        parents.append((span, at, ms))
    return trace


def hostile(trace_id: str = "2" * 32) -> Trace:
    """Markup, hidden characters, huge text, odd times and odd trees, in every place where text can stand."""
    trace = Trace(trace_id)
    root = trace.span(HOSTILE, HOSTILE, 0, 10, tags={
        HOSTILE: HOSTILE, BIDI: BIDI, "url": "javascript:alert(3)", "link": "https://example.org/?q=<b>",
        "quoted": '"><svg onload=alert(4)>', "huge": "x" * 2_000_000, "control": "a\x00b\x1b[31mc",
        "empty": "", "rtl": "שלום עולם", "__proto__": "polluted",
        "user": "https://example.org@evil.example/", "nested": {"__proto__": HOSTILE, "list": [HOSTILE, 1, True]},
    }, status={"code": 2, "message": HOSTILE}, events=[{"timeUnixNano": "18446744073709551615", "name": HOSTILE}],
        links=[{"traceId": '"><script>', "spanId": "../../x"}], traceState=HOSTILE)  # fmt: skip
    trace.span("constructor", BIDI, 2, 3, root)
    trace.span("", "", 4, -2, root)
    trace.span("y" * 500, "z" * 50_000, 5, 1, "f" * 16)
    one = trace.span("loop", "first of a cycle", 6, 1)
    two = trace.span("loop", "second of a cycle", 6.5, 1, one)
    trace.spans["loop"][0]["parentSpanId"] = two
    trace.log(HOSTILE, root, 1, 21, HOSTILE, **{HOSTILE: HOSTILE})
    trace.log("b", root, 2, 0 + 1, {"message": HOSTILE, "bidi": BIDI})
    return trace


def searches(count: int = 40) -> Iterator[Json]:
    """Summaries of checkouts over the last hour, some of them refused."""
    chance = random.Random(3)
    for i in range(count):
        trace = checkout(f"{i + 1:032x}", fails=chance.random() < 0.2, scale=10 ** chance.uniform(-1.2, 0.8))
        yield trace.summary(-i * 87_000 * MS - chance.randrange(10**9))
