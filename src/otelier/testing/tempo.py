"""Messages of Tempo's query protocol (`tempopb`), as its clients read and write them.

They are made by google.protobuf from descriptors written here, not by what the product writes them with.
"""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_FIELD = descriptor_pb2.FieldDescriptorProto
_KEY_VALUE = "opentelemetry.proto.common.v1.KeyValue"
_STATS = "TraceSearchMetadata.ServiceStatsEntry"
_TAGS = "SearchRequest.TagsEntry"
_SHAPES: Mapping[str, Mapping[str, tuple[int, str, bool]]] = {
    "Trace": {"resourceSpans": (1, "opentelemetry.proto.trace.v1.ResourceSpans", True)},
    "TraceByIDMetrics": {"inspectedBytes": (1, "uint64", False)},
    "TraceByIDResponse": {
        "trace": (1, "Trace", False), "metrics": (2, "TraceByIDMetrics", False), "status": (3, "PartialStatus", False),
        "message": (4, "string", False),
    },
    "SearchRequest": {
        "Tags": (1, _TAGS, True), "MinDurationMs": (2, "uint32", False), "MaxDurationMs": (3, "uint32", False),
        "Limit": (4, "uint32", False), "start": (5, "uint32", False), "end": (6, "uint32", False),
        "Query": (8, "string", False), "SpansPerSpanSet": (9, "uint32", False),
    },
    "Span": {
        "spanID": (1, "string", False), "name": (2, "string", False), "startTimeUnixNano": (3, "uint64", False),
        "durationNanos": (4, "uint64", False), "attributes": (5, _KEY_VALUE, True),
    },
    "SpanSet": {
        "spans": (1, "Span", True), "matched": (2, "uint32", False), "attributes": (3, _KEY_VALUE, True),
    },
    "ServiceStats": {"spanCount": (1, "uint32", False), "errorCount": (2, "uint32", False)},
    "TraceSearchMetadata": {
        "traceID": (1, "string", False), "rootServiceName": (2, "string", False),
        "rootTraceName": (3, "string", False), "startTimeUnixNano": (4, "uint64", False),
        "durationMs": (5, "uint32", False), "spanSet": (6, "SpanSet", False), "spanSets": (7, "SpanSet", True),
        "serviceStats": (8, _STATS, True),
    },
    "SearchMetrics": {
        "inspectedTraces": (1, "uint32", False), "inspectedBytes": (2, "uint64", False),
        "totalBlocks": (3, "uint32", False), "completedJobs": (4, "uint32", False), "totalJobs": (5, "uint32", False),
        "totalBlockBytes": (6, "uint64", False), "inspectedSpans": (7, "uint64", False),
    },
    "SearchResponse": {"traces": (1, "TraceSearchMetadata", True), "metrics": (2, "SearchMetrics", False)},
    "MetadataMetrics": {"inspectedBytes": (1, "uint64", False)},
    "SearchTagsRequest": {
        "scope": (1, "string", False), "query": (2, "string", False), "start": (3, "uint32", False),
        "end": (4, "uint32", False), "maxTagsPerScope": (5, "uint32", False),
    },
    "SearchTagsResponse": {"tagNames": (1, "string", True), "metrics": (2, "MetadataMetrics", False)},
    "SearchTagsV2Scope": {"name": (1, "string", False), "tags": (2, "string", True)},
    "SearchTagsV2Response": {"scopes": (1, "SearchTagsV2Scope", True), "metrics": (2, "MetadataMetrics", False)},
    "SearchTagValuesRequest": {
        "tagName": (1, "string", False), "query": (2, "string", False), "start": (4, "uint32", False),
        "end": (5, "uint32", False), "maxTagValues": (6, "uint32", False),
    },
    "SearchTagValuesResponse": {"tagValues": (1, "string", True), "metrics": (2, "MetadataMetrics", False)},
    "TagValue": {"type": (1, "string", False), "value": (2, "string", False)},
    "SearchTagValuesV2Response": {"tagValues": (1, "TagValue", True), "metrics": (2, "MetadataMetrics", False)},
    "QueryInstantRequest": {"query": (1, "string", False), "start": (2, "uint64", False), "end": (3, "uint64", False)},
    "InstantSeries": {"labels": (1, _KEY_VALUE, True), "value": (2, "double", False)},
    "QueryInstantResponse": {
        "series": (1, "InstantSeries", True), "metrics": (2, "SearchMetrics", False),
        "status": (3, "PartialStatus", False),
        "message": (4, "string", False),
    },
    "QueryRangeRequest": {
        "query": (1, "string", False), "start": (2, "uint64", False), "end": (3, "uint64", False),
        "step": (4, "uint64", False), "exemplars": (16, "uint32", False),
    },
    "Sample": {"value": (1, "double", False), "timestamp_ms": (2, "int64", False)},
    "Exemplar": {"labels": (1, _KEY_VALUE, True), "value": (2, "double", False), "timestamp_ms": (3, "int64", False)},
    "TimeSeries": {
        "labels": (1, _KEY_VALUE, True), "samples": (2, "Sample", True), "exemplars": (4, "Exemplar", True),
    },
    "QueryRangeResponse": {
        "series": (1, "TimeSeries", True), "metrics": (2, "SearchMetrics", False),
        "status": (3, "PartialStatus", False),
        "message": (4, "string", False),
    },
}  # fmt: skip
_STATUSES = ("COMPLETE", "PARTIAL")
_MAPS: Mapping[str, tuple[str, str]] = {_TAGS: ("string", "string"), _STATS: ("string", "ServiceStats")}


def _messages() -> Mapping[str, Callable[..., Any]]:
    file = descriptor_pb2.FileDescriptorProto(name="tempo.proto", package="tempopb", syntax="proto3")
    pool = descriptor_pool.DescriptorPool()
    for known in (common_pb2, resource_pb2, trace_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
        file.dependency.append(known.DESCRIPTOR.name)
    status = file.enum_type.add(name="PartialStatus")
    for number, word in enumerate(_STATUSES):
        status.value.add(name=word, number=number)
    for name, fields in _SHAPES.items():
        message = file.message_type.add(name=name)
        for field, (number, type_, repeated) in fields.items():
            _add(message, field, number, type_, repeated=repeated)
    for path, (key, value) in _MAPS.items():
        owner, _, name = path.partition(".")
        [message] = [each for each in file.message_type if each.name == owner]
        entry = message.nested_type.add(name=name)
        entry.options.map_entry = True
        _add(entry, "key", 1, key, repeated=False)
        _add(entry, "value", 2, value, repeated=False)
    pool.Add(file)  # type: ignore[no-untyped-call]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tempopb.{name}")) for name in _SHAPES}


def _add(message: descriptor_pb2.DescriptorProto, name: str, number: int, type_: str, *, repeated: bool) -> None:
    made = message.field.add(name=name, number=number, json_name="timestampMs" if name == "timestamp_ms" else name)
    made.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
    if type_ in _SHAPES or type_ in _MAPS:
        made.type, made.type_name = _FIELD.TYPE_MESSAGE, f".tempopb.{type_}"
    elif type_ == "PartialStatus":
        made.type, made.type_name = _FIELD.TYPE_ENUM, f".tempopb.{type_}"
    elif "." in type_:
        made.type, made.type_name = _FIELD.TYPE_MESSAGE, f".{type_}"
    else:
        made.type = getattr(_FIELD, f"TYPE_{type_.upper()}")


TEMPO_MESSAGES = _messages()
"""Classes by name, such as `SearchResponse`."""
