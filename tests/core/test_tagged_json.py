"""OTLP/JSON with attributes as Jaeger's tags, against the same made from plain OTLP/JSON here."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Batch

from .otlp_messages import REQUESTS, encodings

SAFE = 2**53 - 1
ATTRIBUTES = {"attributes", "filteredAttributes", "metadata"}


def tagged(node: Any, sort: bool) -> Any:
    """What `to_json` says, with every list of attributes in the other form."""
    if isinstance(node, list):
        return [tagged(each, sort) for each in node]
    if not isinstance(node, dict):
        return node
    return {name: tags(value, sort) if name in ATTRIBUTES else tagged(value, sort) for name, value in node.items()}


def tags(attributes: list[dict[str, Any]], sort: bool) -> list[dict[str, Any]]:
    made = [
        dict(zip(("key", "type", "value"), (a.get("key", ""), *typed(a.get("value", {}))), strict=True))
        for a in attributes
    ]
    return sorted(made, key=lambda tag: tag["key"].encode()) if sort else made


def typed(value: dict[str, Any]) -> tuple[str, Any]:
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
                return "nested", plain(value)
    return "string", ""


def plain(value: dict[str, Any]) -> Any:
    for member, content in value.items():
        if member == "arrayValue":
            return [plain(each) for each in content.get("values", [])]
        if member == "kvlistValue":
            return [[each.get("key", ""), plain(each.get("value", {}))] for each in content.get("values", [])]
        if member == "intValue":
            return int(content)
        if member != "stringValueStrindex":
            return content
    return None


def unpacked(node: Any) -> Any:
    """Nested values are JSON in a string; pairs instead of objects, because a key may come twice."""
    if isinstance(node, list):
        return [unpacked(each) for each in node]
    if isinstance(node, dict):
        made = {name: unpacked(value) for name, value in node.items()}
        if made.keys() == {"key", "type", "value"} and made["type"] == "string" and made["value"][:1] in ("[", "{"):
            try:
                nested = json.loads(made["value"], object_pairs_hook=lambda pairs: [list(pair) for pair in pairs])
            except ValueError:
                return made
            return made | {"type": "nested", "value": nested}
        return made
    return node


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(sorted(REQUESTS)), st.booleans())
def test_any_request_has_the_same_in_tags(data: st.DataObject, signal: str, sort: bool) -> None:
    _, encoded = data.draw(encodings(signal))
    batch = Batch.from_otlp(signal, encoded)
    expected = tagged(json.loads(batch.to_json()), sort)
    assert unpacked(json.loads(batch.to_tagged_json(sort=sort))) == unpacked(expected)
