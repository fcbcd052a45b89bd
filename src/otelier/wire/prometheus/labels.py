"""Attributes as labels."""

import base64
import json
import math
import struct
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from .names import label_name
from .series import Labels

NAME = "__name__"
IDENTIFYING = ("service.name", "service.namespace", "service.instance.id")
"""Attributes that become `job` and `instance`."""
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0_0000_0000_0002))[0]
"""The NaN that ends a series."""
STALE_BITS = 0x7FF0_0000_0000_0002


def value_text(value: AnyValue) -> str:
    """A value as a label has it; lists and maps as JSON."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "int_value":
        return str(value.int_value)
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "double_value":
        return _number_text(value.double_value)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if kind is None:
        return ""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def bound_text(bound: float) -> str:
    """A bucket's bound or a quantile: the shortest number that reads back, never with an exponent."""
    if not math.isfinite(bound):
        return "NaN" if math.isnan(bound) else "+Inf" if bound > 0 else "-Inf"
    if bound == int(bound):
        return str(int(bound))
    text = repr(bound)
    if "e" not in text:
        return text
    return format(Decimal(text), "f")


def attribute_labels(attributes: Iterable[KeyValue], *, escapes: bool) -> dict[str, str]:
    """Labels by name; values whose names have become the same are joined by `;`, by their keys' order."""
    labels: dict[str, str] = {}
    for attribute in sorted(attributes, key=lambda each: each.key):
        name = label_name(attribute.key, escapes=escapes)
        value = value_text(attribute.value)
        if not (before := labels.get(name)):
            labels[name] = value
        elif value and value != before:
            labels[name] = f"{before};{value}"
    return {name: value for name, value in labels.items() if value}


def scope_labels(scope: InstrumentationScope, *, escapes: bool) -> dict[str, str]:
    """`otel_scope_…`."""
    labels = {
        label_name(f"otel_scope_{each.key}", escapes=escapes): value_text(each.value) for each in scope.attributes
    }
    return labels | {"otel_scope_name": scope.name, "otel_scope_version": scope.version}


def identity_labels(resource: Resource) -> dict[str, str]:
    """`job` and `instance`, as far as the resource says."""
    found = {each.key: value_text(each.value) for each in resource.attributes if each.key in IDENTIFYING}
    labels: dict[str, str] = {}
    if service := found.get("service.name"):
        namespace = found.get("service.namespace")
        labels["job"] = f"{namespace}/{service}" if namespace else service
    if instance := found.get("service.instance.id"):
        labels["instance"] = instance
    return labels


def sealed(labels: Mapping[str, str]) -> Labels:
    """In order, without those that are empty."""
    return tuple(sorted((name, value) for name, value in labels.items() if value))


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """One more, in its place."""
    at = 0
    while at < len(labels) and labels[at][0] < name:
        at += 1
    return (*labels[:at], (name, value), *labels[at:])


def _number_text(number: float) -> str:
    text = repr(number)
    return text.removesuffix(".0") if "e" not in text else text


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return {each.key: _plain(each.value) for each in value.kvlist_value.values}
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    return getattr(value, kind) if kind else None
