"""Paths of a log record."""

from opentelemetry.proto.logs.v1.logs_pb2 import SeverityNumber

from ..any_value import storable
from ..as_text import as_text
from ..frame import Node
from ..values import OttlError, Value
from .level import Level
from .members import Member, attributes, expect, identifier, moment, text, unix_nano, whole

_ENUMS = {name if number else "SEVERITY_NUMBER_UNSPECIFIED": number for name, number in SeverityNumber.items()}


def _set_body(node: Node, value: Value) -> None:
    node.replace("body", storable(value))


def _set_body_text(node: Node, value: Value) -> None:
    node.replace("body", expect(value, str, what="a string"))


def _set_severity(node: Node, value: Value) -> None:
    number = expect(value, int, what="an int, such as SEVERITY_NUMBER_INFO")
    if not -(2**31) <= number < 2**31:
        raise OttlError(f"{number} is no severity")
    node.message.severity_number = number


LOG = Level(
    "log",
    {
        "body": Member(lambda node: node.tree("body"), _set_body, tree="body"),
        "body.string": Member(lambda node: as_text(node.tree("body")), _set_body_text),
        "attributes": attributes(),
        "severity_number": Member(lambda node: node.message.severity_number, _set_severity),
        "severity_text": text("severity_text"),
        "time_unix_nano": unix_nano("time_unix_nano"),
        "observed_time_unix_nano": unix_nano("observed_time_unix_nano"),
        "time": moment("time_unix_nano"),
        "observed_time": moment("observed_time_unix_nano"),
        **identifier("trace_id", 16),
        **identifier("span_id", 8),
        "dropped_attributes_count": whole("dropped_attributes_count"),
        "flags": whole("flags"),
        "event_name": text("event_name"),
    },
    enums=_ENUMS,
)
