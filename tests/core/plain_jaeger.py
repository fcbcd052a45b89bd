"""`Batch.to_jaeger` once more, slowly: dicts made from OTLP/JSON, member by member; the oracle of its tests.

Nested values are `("nested", [[key, value], …])`, because a key may come twice in a map of OTLP.
"""

from collections.abc import Iterable
from typing import Any

SAFE = 2**53 - 1
KINDS = ["", "internal", "server", "client", "producer", "consumer"]
STATUSES = ["", "OK", "ERROR"]
JSON = dict[str, Any]


def traces(otlp: JSON, *, raw: bool) -> list[JSON]:
    """Of a request as OTLP/JSON."""
    made: dict[str, JSON] = {}
    for group in otlp.get("resourceSpans", []):
        process = _process(group.get("resource", {}), raw)
        for scoped in group.get("scopeSpans", []):
            before = _scope_tags(scoped.get("scope", {}), raw)
            for span in scoped.get("spans", []):
                trace_id = _trace_id(span["traceId"])
                trace = made.setdefault(trace_id, {"traceID": trace_id, "spans": [], "processes": {}, "warnings": None})
                processes = trace["processes"]
                number = next((name for name, each in processes.items() if _same(each, process)), None)
                if number is None:
                    number = f"p{len(processes) + 1}"
                    processes[number] = process
                trace["spans"].append(_span(span, before, number, raw))
    if not raw:
        for trace in made.values():
            trace["spans"] = _tidy(trace["spans"])
    return list(made.values())


def _span(span: JSON, before: list[JSON], process: str, raw: bool) -> JSON:
    start, end = int(span.get("startTimeUnixNano", 0)), int(span.get("endTimeUnixNano", 0))
    trace_id, warnings = _trace_id(span["traceId"]), []
    references = []
    if span.get("parentSpanId", "").strip("0"):
        references.append({"refType": "CHILD_OF", "traceID": trace_id, "spanID": span["parentSpanId"]})
    references += [_link(link) for link in span.get("links", [])]
    if end < start:
        warnings.append(f"the span ends {start - end} ns before it starts; its duration is shown as 0")
    logs = [_log(event, raw) for event in span.get("events", [])]
    made = {
        "traceID": trace_id,
        "spanID": span["spanId"],
        "operationName": span.get("name", ""),
        "references": references,
        "startTime": start // 1000,
        "duration": max(end - start, 0) // 1000,
        "tags": [*before, *_tags(span.get("attributes", []), raw, dotted=True), *_field_tags(span)],
        "logs": logs if raw else sorted(logs, key=lambda log: log["timestamp"]),
        "processID": process,
        "warnings": warnings or None,
    }
    if flags := span.get("flags", 0) & 0xFF:
        made["flags"] = flags
    return made


def _trace_id(digits: str) -> str:
    return digits[16:] if digits.startswith("0" * 16) else digits


def _link(link: JSON) -> JSON:
    # An attribute may have members besides, such as `keyStrindex`, which mean nothing in spans.
    pairs = [(each.get("key"), each.get("value")) for each in link.get("attributes", [])]
    child = ("opentracing.ref_type", {"stringValue": "child_of"}) in pairs
    kind = "CHILD_OF" if child else "FOLLOWS_FROM"
    return {"refType": kind, "traceID": _trace_id(link.get("traceId", "")), "spanID": link.get("spanId", "")}


def _log(event: JSON, raw: bool) -> JSON:
    name = [_text("event", event["name"])] if event.get("name") else []
    fields = [*name, *_tags(event.get("attributes", []), raw)]
    return {"timestamp": int(event.get("timeUnixNano", 0)) // 1000, "fields": fields}


def _field_tags(span: JSON) -> list[JSON]:
    status = span.get("status", {})
    kind, code = span.get("kind", 0), status.get("code", 0)
    made = [_text("span.kind", KINDS[kind])] if 0 < kind < len(KINDS) else []
    if 0 < code < len(STATUSES):
        made.append(_text("otel.status_code", STATUSES[code]))
    if code == STATUSES.index("ERROR"):
        made.append({"key": "error", "type": "bool", "value": True})
    if status.get("message"):
        made.append(_text("otel.status_description", status["message"]))
    if span.get("traceState"):
        made.append(_text("w3c.tracestate", span["traceState"]))
    return made


def _process(resource: JSON, raw: bool) -> JSON:
    attributes = list(resource.get("attributes", []))
    names = [a for a in attributes if a.get("key") == "service.name" and "stringValue" in a.get("value", {})]
    if names:
        attributes.remove(names[0])
    name = names[0]["value"]["stringValue"] if names else ""
    return {"serviceName": name or "OTLPResourceNoServiceName", "tags": _tags(attributes, raw, dotted=True)}


def _scope_tags(scope: JSON, raw: bool) -> list[JSON]:
    named = [_text(f"otel.scope.{name}", scope[name]) for name in ("name", "version") if scope.get(name)]
    return named + _tags(scope.get("attributes", []), raw)


def _text(key: str, value: str) -> JSON:
    return {"key": key, "type": "string", "value": value}


def _tags(attributes: Iterable[JSON], raw: bool, *, dotted: bool = False) -> list[JSON]:
    made = [
        dict(zip(("key", "type", "value"), (a.get("key", ""), *_typed(a.get("value", {}))), strict=True))
        for a in attributes
    ]
    if raw:
        return made
    made.sort(key=lambda tag: tag["key"].encode())
    return [_dotted(tag) if dotted else tag for tag in made]


def _dotted(tag: JSON) -> JSON:
    if tag["key"] in ("ip", "peer.ipv4") and tag["type"] == "int64" and isinstance(tag["value"], int):
        return _text(tag["key"], ".".join(map(str, (tag["value"] % 2**32).to_bytes(4, "big"))))
    return tag


def _typed(value: JSON) -> tuple[str, Any]:
    for member, content in value.items():
        match member:
            case "stringValue":
                return "string", content
            case "boolValue":
                return "bool", content
            case "intValue":
                return "int64", int(content) if abs(int(content)) <= SAFE else content
            case "doubleValue":
                return "float64", content
            case "bytesValue":
                return "binary", content
            case "arrayValue" | "kvlistValue":
                return "nested", _plain(value)
    return "string", ""


def _plain(value: JSON) -> Any:
    for member, content in value.items():
        if member == "arrayValue":
            return [_plain(each) for each in content.get("values", [])]
        if member == "kvlistValue":
            return [[each.get("key", ""), _plain(each.get("value", {}))] for each in content.get("values", [])]
        if member == "intValue":
            return int(content)
        if member != "stringValueStrindex":
            return content
    return None


def _same(one: object, other: object) -> bool:
    return repr(one) == repr(other)


def _tidy(spans: list[JSON]) -> list[JSON]:
    by_id: dict[str, list[JSON]] = {}
    for span in spans:
        same_id = by_id.setdefault(span["spanID"], [])
        if not any(_same(span, each) for each in same_id):
            same_id.append(span)
    spans = [span for same_id in by_id.values() for span in same_id]
    _unshare(by_id, spans)
    for span in spans:
        kept = [each for each in span["references"] if each["traceID"].strip("0")]
        if lost := len(span["references"]) - len(kept):
            warning = f"{lost} links without a trace id are not shown"
            span |= {"references": kept, "warnings": [*(span["warnings"] or []), warning]}
    return sorted(spans, key=lambda span: span["startTime"])


def _unshare(by_id: dict[str, list[JSON]], spans: list[JSON]) -> None:
    renamed: dict[str, str] = {}
    taken, free = set(by_id), 0
    for span_id, same_id in by_id.items():
        if len(same_id) < 2 or not any(_kind(span) == "client" for span in same_id):
            continue
        for server in [span for span in same_id if _kind(span) == "server"]:
            free += 1
            while f"{free:016x}" in taken:
                free += 1
            renamed[span_id] = f"{free:016x}"
            taken.add(renamed[span_id])
            others = [each for each in server["references"] if each["refType"] != "CHILD_OF"]
            parent = {"refType": "CHILD_OF", "traceID": server["traceID"], "spanID": span_id}
            server |= {"spanID": renamed[span_id], "references": [parent, *others]}
    for span in spans:
        for reference in span["references"]:
            new = renamed.get(reference["spanID"])
            if reference["refType"] == "CHILD_OF" and new and new != span["spanID"]:
                reference["spanID"] = new


def _kind(span: JSON) -> object:
    return next((tag["value"] for tag in span["tags"] if tag["key"] == "span.kind"), None)
