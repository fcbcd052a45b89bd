"""Verbosity `detailed`: every field that OTLP carries, by walking the message's own description.

A field that is absent (in protobuf: zero or empty) is not shown. Nothing else is left out, fields that OTLP
gains later included.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from .values import any_value, duration, plain, quoted, time

_STEP = "  "


def lines(message: Message, indent: str = "") -> Iterator[str]:
    """The fields of a message, one line each, with parts below it further in."""
    for field, value in message.ListFields():
        label = field.name.removesuffix("_unix_nano").replace("_", " ")
        if field.message_type is None:
            yield f"{indent}{label}: {_scalars(field, value)}"
        elif isinstance(value, AnyValue):
            yield f"{indent}{label}: {any_value(value)}"
        elif isinstance(value, Message):
            yield f"{indent}{label}:"
            yield from lines(value, indent + _STEP)
        elif field.message_type is KeyValue.DESCRIPTOR:
            yield f"{indent}{label}:"
            yield from (f"{indent}{_STEP}{plain(pair.key)}: {any_value(pair.value)}" for pair in value)
        else:
            yield from _parts(label, value, indent)
    if isinstance(message, Span):
        yield f"{indent}duration: {duration(message.end_time_unix_nano - message.start_time_unix_nano)}"


def _parts(label: str, parts: Iterable[Message], indent: str) -> Iterator[str]:
    if not label.startswith(("resource ", "scope ")):
        label = label.removesuffix("s")
    for at, part in enumerate(parts):
        yield f"{indent}{label} #{at}:"
        yield from lines(part, indent + _STEP)


def _scalars(field: FieldDescriptor, value: Any) -> str:
    if isinstance(value, str | bytes | int | float):
        return _scalar(field, value)
    return f"[{', '.join(_scalar(field, each) for each in value)}]"


def _scalar(field: FieldDescriptor, value: str | bytes | float) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return quoted(value)
    if field.enum_type is not None:
        return _enum(field.enum_type, int(value))
    if field.name.endswith("_unix_nano"):
        return time(int(value))
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _enum(kind: EnumDescriptor, number: int) -> str:
    """`SPAN_KIND_SERVER` of the enumeration SpanKind is SERVER."""
    known = kind.values_by_number.get(number)
    if known is None:
        return str(number)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.name).upper()
    return known.name.removeprefix(f"{prefix}_")
