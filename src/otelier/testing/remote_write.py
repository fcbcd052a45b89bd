"""A server that takes Prometheus's remote write, 1.0 and 2.0, and remembers every sample.

Messages are read by google.protobuf from descriptors made here, not by what the product writes them with.
"""

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from .._core import unsnappy

Labels: TypeAlias = tuple[tuple[str, str], ...]
_LIMIT = 64 << 20
_FIELD = descriptor_pb2.FieldDescriptorProto
Shapes: TypeAlias = Mapping[str, Mapping[str, tuple[int, str, bool]]]
_SHAPES: Shapes = {
    "Label": {"name": (1, "string", False), "value": (2, "string", False)},
    "Sample": {"value": (1, "double", False), "timestamp": (2, "int64", False)},
    "Span": {"offset": (1, "sint32", False), "length": (2, "uint32", False)},
    "Histogram": {
        "count_int": (1, "uint64", False), "count_float": (2, "double", False), "sum": (3, "double", False),
        "schema": (4, "sint32", False), "zero_threshold": (5, "double", False),
        "zero_count_int": (6, "uint64", False), "zero_count_float": (7, "double", False),
        "negative_spans": (8, "Span", True), "negative_deltas": (9, "sint64", True),
        "negative_counts": (10, "double", True), "positive_spans": (11, "Span", True),
        "positive_deltas": (12, "sint64", True), "positive_counts": (13, "double", True),
        "reset_hint": (14, "int32", False), "timestamp": (15, "int64", False), "custom_values": (16, "double", True),
    },
    "Exemplar": {"labels": (1, "Label", True), "value": (2, "double", False), "timestamp": (3, "int64", False)},
    "TimeSeries": {
        "labels": (1, "Label", True), "samples": (2, "Sample", True), "exemplars": (3, "Exemplar", True),
        "histograms": (4, "Histogram", True),
    },
    "Metadata": {
        "type": (1, "int32", False), "metric_family_name": (2, "string", False), "help": (4, "string", False),
        "unit": (5, "string", False),
    },
    "WriteRequest": {"timeseries": (1, "TimeSeries", True), "metadata": (3, "Metadata", True)},
    "ExemplarV2": {"labels_refs": (1, "uint32", True), "value": (2, "double", False), "timestamp": (3, "int64", False)},
    "MetadataV2": {"type": (1, "int32", False), "help_ref": (3, "uint32", False), "unit_ref": (4, "uint32", False)},
    "TimeSeriesV2": {
        "labels_refs": (1, "uint32", True), "samples": (2, "Sample", True), "histograms": (3, "Histogram", True),
        "exemplars": (4, "ExemplarV2", True), "metadata": (5, "MetadataV2", False),
    },
    "Request": {"symbols": (4, "string", True), "timeseries": (5, "TimeSeriesV2", True)},
}  # fmt: skip


def message_types(package: str, shapes: Shapes) -> Mapping[str, Callable[..., Any]]:
    """Classes of google.protobuf by name. `shapes`: of each field its number, its type, and whether it is repeated."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in shapes.items():
        message = file.message_type.add(name=name)
        for field, (number, type_, repeated) in fields.items():
            made = message.field.add(name=field, number=number)
            made.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
            if type_ in shapes:
                made.type, made.type_name = _FIELD.TYPE_MESSAGE, f".{package}.{type_}"
            else:
                made.type = getattr(_FIELD, f"TYPE_{type_.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # type: ignore[no-untyped-call]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in shapes}


_MESSAGES = message_types("remote_write", _SHAPES)


def message(name: str, **fields: Any) -> Any:
    """A message, to be filled and serialised: `WriteRequest` of 1.0, `Request` of 2.0, or a part of them."""
    made: Any = _MESSAGES[name]
    return made(**fields)


class RemoteWriteSink:
    """Listens on 127.0.0.1; use it as a context."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.samples: dict[Labels, list[tuple[int, float]]] = {}
        """(time in ms, value) of each series, in the order of their arrival."""
        self.exemplars: dict[Labels, list[tuple[Labels, float, int]]] = {}
        self.histograms: dict[Labels, list[Any]] = {}
        self.metadata: dict[str, tuple[int, str, str]] = {}
        """Type, help and unit by the family's name (1.0), or by the series' (2.0)."""
        self.headers: list[dict[str, str]] = []
        """Of each request, names in lower case."""
        self.answers: list[tuple[int, str]] = []
        """(status, text) to answer the next requests with; then 204."""
        self.changed = threading.Condition()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, text = sink._take({k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Quiet."""

        Handler.protocol_version = "HTTP/1.1"
        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_address[1]}/api/v1/write"

    def __enter__(self) -> "RemoteWriteSink":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def until(self, true: Callable[["RemoteWriteSink"], object], timeout_s: float = 30) -> None:
        """Wait until `true(sink)`, asked whenever a request has arrived. Raises AssertionError."""
        with self.changed:
            if not self.changed.wait_for(lambda: true(self), timeout_s):
                raise AssertionError(f"not within {timeout_s} s; {len(self.samples)} series so far")

    def newest(self, name: str) -> dict[Labels, float]:
        """The newest value of each series of that name, labels without the name."""
        found = {labels: values[-1][1] for labels, values in list(self.samples.items()) if values}
        return {
            tuple(pair for pair in labels if pair[0] != "__name__"): value
            for labels, value in found.items()
            if ("__name__", name) in labels
        }

    def read(self, data: bytes, version: int) -> None:
        """Remember what is in a request (of remote write 1 or 2, decompressed)."""
        self._keep_v2(data) if version == 2 else self._keep_v1(data)

    def _take(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        with self.changed:
            self.headers.append(headers)
            status, text = self.answers.pop(0) if self.answers else (204, "")
            if status < 300:
                self.read(unsnappy(body, _LIMIT), 2 if "v2" in headers["content-type"] else 1)
            self.changed.notify_all()
        return status, text

    def _keep_v1(self, data: bytes) -> None:
        request = _MESSAGES["WriteRequest"].FromString(data)  # type: ignore[attr-defined]
        for series in request.timeseries:
            labels = _pairs(series.labels)
            self._keep(labels, series)
            for each in series.exemplars:
                self.exemplars.setdefault(labels, []).append((_pairs(each.labels), each.value, each.timestamp))
        for about in request.metadata:
            self.metadata[about.metric_family_name] = (about.type, about.help, about.unit)

    def _keep_v2(self, data: bytes) -> None:
        request = _MESSAGES["Request"].FromString(data)  # type: ignore[attr-defined]
        words = request.symbols
        for series in request.timeseries:
            labels = _referred(series.labels_refs, words)
            self._keep(labels, series)
            for each in series.exemplars:
                referred = _referred(each.labels_refs, words)
                self.exemplars.setdefault(labels, []).append((referred, each.value, each.timestamp))
            about = series.metadata
            self.metadata[dict(labels)["__name__"]] = (about.type, words[about.help_ref], words[about.unit_ref])

    def _keep(self, labels: Labels, series: Any) -> None:
        self.samples.setdefault(labels, []).extend((each.timestamp, each.value) for each in series.samples)
        if series.histograms:
            self.histograms.setdefault(labels, []).extend(series.histograms)


def _pairs(labels: Any) -> Labels:
    return tuple((each.name, each.value) for each in labels)


def _referred(refs: Any, words: Any) -> Labels:
    return tuple((words[name], words[value]) for name, value in zip(refs[::2], refs[1::2], strict=True))
