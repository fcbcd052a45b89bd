"""The observed values are still what the reference says, where one is installed (OTELCOL can name it)."""

import base64
import json
import math
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, TracesData

from .. import peer
from .evaluation import ERROR, OBSERVED, observed

CASES = [case for path in sorted(OBSERVED.iterdir()) for case in observed(path.stem) if case[1] not in (ERROR, None)]
SPAN = Span(trace_id=b"\1" * 16, span_id=b"\1" * 8, name="n")


def test_the_reference_gives_the_observed_values(tmp_path):
    path = peer.binary()
    if path is None:
        pytest.skip("there is no Collector on this machine; OTELCOL can name one")
    statements = [f'set(attributes["r{n}"], {expression})' for n, (expression, _) in enumerate(CASES)]
    groups = [{"context": "span", "statements": [each.replace("$", "$$")]} for each in statements]
    keys = {"error_mode": "ignore", "trace_statements": groups}
    payload = TracesData(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[SPAN])])])
    case = {"all": [{"type": "transform", "keys": keys}]}
    (request,) = peer.run(path, tmp_path, "traces", case, payload.SerializeToString())["all"]
    (span,) = request["resourceSpans"][0]["scopeSpans"][0]["spans"]
    found = {each["key"]: value_of(each["value"]) for each in span["attributes"]}
    different = [
        f"{expression} is {json.dumps(found.get(f'r{n}'))}, not {json.dumps(value)}"
        for n, (expression, value) in enumerate(CASES)
        if not same(found.get(f"r{n}"), value)
    ]
    assert not different, "\n".join(different)


def same(found: Any, value: Any) -> bool:
    return found == value or (isinstance(value, float) and math.isclose(found, value, rel_tol=1e-15))


def value_of(value: dict[str, Any]) -> Any:
    """Of OTLP/JSON."""
    ((kind, inner),) = value.items() or (("", None),)
    match kind:
        case "intValue":
            return int(inner)
        case "doubleValue":
            return float(inner)
        case "arrayValue":
            return [value_of(each) for each in inner.get("values", [])]
        case "kvlistValue":
            return {each["key"]: value_of(each["value"]) for each in inner.get("values", [])}
        case "bytesValue":
            return base64.b64decode(inner)
        case _:
            return inner
