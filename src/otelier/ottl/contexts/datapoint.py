"""Paths of a data point of any type. What points of its type don't have is nil, and can't be set."""

from collections.abc import Callable
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
    SummaryDataPoint,
)

from ..any_value import type_name
from ..frame import Node
from ..values import OttlError, Value
from .level import Level
from .members import Member, attributes, expect, messages, moment, unix_nano, whole

_HISTOGRAMS = (HistogramDataPoint, ExponentialHistogramDataPoint)
_COUNTED = (*_HISTOGRAMS, SummaryDataPoint)


def _only(member: Member, *kinds: type) -> Member:
    """Of points of these types only."""

    def put(node: Node, value: Value) -> None:
        if member.set is None or not isinstance(node.message, kinds):
            raise OttlError(f"a {type(node.message).__name__} has none")
        member.set(node, value)

    return Member(lambda node: member.get(node) if isinstance(node.message, kinds) else None, put)


def _number(field: str, kind: type, what: str) -> Member:
    """The value of a number point, 0 if it is of the other kind; setting it changes the kind."""

    def get(node: Node) -> Value:
        return getattr(node.message, field)

    def put(node: Node, value: Value) -> None:
        setattr(node.message, field, expect(value, kind, what=what))

    return _only(Member(get, put), NumberDataPoint)


def _double(field: str) -> Member:
    def put(node: Node, value: Value) -> None:
        setattr(node.message, field, expect(value, float, what="a float"))

    return Member(lambda node: getattr(node.message, field), put)


def _numbers(field: str, kind: type, of: "Callable[[Node], Any]", what: str) -> Member:
    """A list of numbers; `of` finds the message that holds it."""

    def put(node: Node, value: Value) -> None:
        each = list(expect(value, list, what=what))
        for number in each:
            if type(number) is not kind or (kind is int and number < 0):
                raise OttlError(f"expected {what}, got {type_name(number)} in it")
        target = getattr(of(node), field)
        del target[:]
        target.extend(each)

    return Member(lambda node: list(getattr(of(node), field)), put)


def _bucket(side: str) -> dict[str, Member]:
    """Of the positive or negative side of an exponential histogram."""

    def part(node: Node) -> Any:
        return getattr(node.message, side)

    def put_offset(node: Node, value: Value) -> None:
        offset = expect(value, int, what="an int")
        if not -(2**31) <= offset < 2**31:
            raise OttlError(f"{offset} is no offset")
        part(node).offset = offset

    def put(node: Node, value: Value) -> None:
        if not isinstance(value, ExponentialHistogramDataPoint.Buckets):
            raise OttlError(f"expected `{side}` of another point, got {type_name(value)}")
        part(node).CopyFrom(value)

    members = {
        side: Member(part, put),
        f"{side}.offset": Member(lambda node: part(node).offset, put_offset),
        f"{side}.bucket_counts": _numbers("bucket_counts", int, part, "a list of ints"),
    }
    return {name: _only(member, ExponentialHistogramDataPoint) for name, member in members.items()}


def _itself(node: Node) -> Any:
    return node.message


DATAPOINT = Level(
    "datapoint",
    {
        "attributes": attributes(),
        "start_time_unix_nano": unix_nano("start_time_unix_nano"),
        "time_unix_nano": unix_nano("time_unix_nano"),
        "start_time": moment("start_time_unix_nano"),
        "time": moment("time_unix_nano"),
        "value_double": _number("as_double", float, "a float"),
        "value_int": _number("as_int", int, "an int"),
        "exemplars": _only(messages("exemplars", Exemplar), NumberDataPoint, *_HISTOGRAMS),
        "flags": whole("flags"),
        "count": _only(whole("count", 64), *_COUNTED),
        "sum": _only(_double("sum"), *_COUNTED),
        "bucket_counts": _only(_numbers("bucket_counts", int, _itself, "a list of ints"), HistogramDataPoint),
        "explicit_bounds": _only(_numbers("explicit_bounds", float, _itself, "a list of floats"), HistogramDataPoint),
        "scale": _only(whole("scale", signed=True), ExponentialHistogramDataPoint),
        "zero_count": _only(whole("zero_count", 64), ExponentialHistogramDataPoint),
        **_bucket("positive"),
        **_bucket("negative"),
        "quantile_values": _only(messages("quantile_values", SummaryDataPoint.ValueAtQuantile), SummaryDataPoint),
    },
    enums={"FLAG_NONE": 0, "FLAG_NO_RECORDED_VALUE": 1},
)
