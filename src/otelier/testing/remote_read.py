"""Messages of Prometheus' remote read, as its clients write and read them.

They are made by google.protobuf from descriptors written here, not by what the product writes them with.
"""

from .remote_write import Shapes, message_types

_SHAPES: Shapes = {
    "LabelMatcher": {"type": (1, "int32", False), "name": (2, "string", False), "value": (3, "string", False)},
    "Query": {
        "start_timestamp_ms": (1, "int64", False), "end_timestamp_ms": (2, "int64", False),
        "matchers": (3, "LabelMatcher", True),
    },
    "ReadRequest": {"queries": (1, "Query", True), "accepted_response_types": (2, "int32", True)},
    "Label": {"name": (1, "string", False), "value": (2, "string", False)},
    "Sample": {"value": (1, "double", False), "timestamp": (2, "int64", False)},
    "Span": {"offset": (1, "sint32", False), "length": (2, "uint32", False)},
    "Histogram": {
        "count_float": (2, "double", False), "sum": (3, "double", False), "schema": (4, "sint32", False),
        "zero_threshold": (5, "double", False), "zero_count_float": (7, "double", False),
        "negative_spans": (8, "Span", True), "negative_counts": (10, "double", True),
        "positive_spans": (11, "Span", True), "positive_counts": (13, "double", True),
        "reset_hint": (14, "int32", False), "timestamp": (15, "int64", False), "custom_values": (16, "double", True),
    },
    "TimeSeries": {
        "labels": (1, "Label", True), "samples": (2, "Sample", True), "histograms": (4, "Histogram", True),
    },
    "QueryResult": {"timeseries": (1, "TimeSeries", True)},
    "ReadResponse": {"results": (1, "QueryResult", True)},
    "Chunk": {
        "min_time_ms": (1, "int64", False), "max_time_ms": (2, "int64", False), "type": (3, "int32", False),
        "data": (4, "bytes", False),
    },
    "ChunkedSeries": {"labels": (1, "Label", True), "chunks": (2, "Chunk", True)},
    "ChunkedReadResponse": {"chunked_series": (1, "ChunkedSeries", True), "query_index": (2, "int64", False)},
}  # fmt: skip


REMOTE_READ_MESSAGES = message_types("remote_read", _SHAPES)
