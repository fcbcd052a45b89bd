"""The core's table of OTLP is the one of the `opentelemetry-proto` package, field for field."""

import re
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

SOURCE = (Path(__file__).parents[2] / "rust/wire/src/schema.rs").read_text()
SERVICES = (trace_service_pb2, metrics_service_pb2, logs_service_pb2)
IDS = {"trace_id": "TraceId", "span_id": "SpanId", "parent_span_id": "SpanId"}
KINDS = {
    FieldDescriptor.TYPE_BOOL: "Bool",
    FieldDescriptor.TYPE_INT32: "I32",
    FieldDescriptor.TYPE_UINT32: "U32",
    FieldDescriptor.TYPE_SINT32: "S32",
    FieldDescriptor.TYPE_INT64: "I64",
    FieldDescriptor.TYPE_UINT64: "U64",
    FieldDescriptor.TYPE_FIXED32: "Fixed32",
    FieldDescriptor.TYPE_FIXED64: "Fixed64",
    FieldDescriptor.TYPE_SFIXED64: "SFixed64",
    FieldDescriptor.TYPE_DOUBLE: "Double",
    FieldDescriptor.TYPE_STRING: "Str",
    FieldDescriptor.TYPE_BYTES: "Bytes",
}


def kind(field: FieldDescriptor) -> tuple[str, object]:
    if field.message_type is not None:
        return "Message", field.message_type.full_name
    if field.enum_type is not None:
        assert [v.number for v in field.enum_type.values] == list(range(len(field.enum_type.values)))
        return "Enum", [v.name for v in field.enum_type.values]
    return IDS.get(field.name, KINDS[field.type]), None


def presence(field: FieldDescriptor) -> str:
    if field.is_repeated:
        return "Repeated"
    if field.containing_oneof is not None and len(field.containing_oneof.fields) > 1:
        return "Oneof"
    return "Explicit" if field.has_presence else "Implicit"


def described() -> dict[str, list[tuple]]:
    """All messages that the three services' requests and answers can hold."""
    found: dict[str, list[tuple]] = {}

    def walk(message: Descriptor) -> None:
        if message.full_name in found:
            return
        found[message.full_name] = sorted(
            (f.number, f.name, f.json_name, presence(f), *kind(f)) for f in message.fields
        )
        for field in message.fields:
            if field.message_type is not None:
                walk(field.message_type)

    for service in SERVICES:
        for message in service.DESCRIPTOR.message_types_by_name.values():
            walk(message)
    return found


def written() -> dict[str, list[tuple]]:
    """What schema.rs says."""
    enums = {
        m[1]: re.findall(r'"(\w+)"', m[2]) for m in re.finditer(r"const (\w+): &\[&str\] = &\[(.*?)\];", SOURCE, re.S)
    }
    messages = re.findall(r'^    (\w+) "([\w.]+)" \{(.*?)\}', SOURCE, re.S | re.M)
    names = {static: f"opentelemetry.proto.{name}" for static, name, _ in messages}

    def typed(text: str) -> tuple[str, object]:
        name, _, argument = text.rstrip(")").partition("(")
        return name, {"Message": names.get(argument[1:]), "Enum": enums.get(argument)}.get(name)

    rows = {names[static]: re.findall(r"(\d+) (\w+) (\w+) (\w+) ([^;]+);", body) for static, _, body in messages}
    return {
        name: [(int(number), snake, json, presence_, *typed(type_)) for number, snake, json, presence_, type_ in fields]
        for name, fields in rows.items()
    }


def test_table_equals_descriptors() -> None:
    table, descriptors = written(), described()
    assert table.keys() == descriptors.keys()
    for name, fields in descriptors.items():
        assert table[name] == fields, name
    assert len(table) > 30


def test_no_message_has_two_oneofs() -> None:
    for name, fields in described().items():
        pool = trace_service_pb2.DESCRIPTOR.pool.FindMessageTypeByName(name)
        real = {f.containing_oneof.name for f in pool.fields if presence(f) == "Oneof"}
        assert len(real) <= 1, (name, fields)
