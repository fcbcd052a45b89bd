"""A batch decoded for statements, and encoded again if they changed it."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ..component import Clock
from ..telemetry import Batch, Signal
from .frame import Frame, Node, roots

_REQUESTS: Mapping[Signal, type] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}


class Tree:
    """One batch as messages and nodes, and the frame that statements see it through."""

    def __init__(self, batch: Batch, clock: Clock) -> None:
        self._batch = batch
        self._request: Any = _REQUESTS[batch.signal]()
        self._request.ParseFromString(batch.to_otlp())
        self._roots: list[Node] | None = None
        self.frame = Frame(clock, batch.metadata)

    @property
    def resources(self) -> Sequence[Node]:
        """Of the batch, in order."""
        if self._roots is None:
            self._roots = list(roots(self._request))
        return self._roots

    def settle(self) -> None:
        """Write every map that was edited back into its message; make nodes anew if messages came or went."""
        for node in self._roots or ():
            node.flush()
        if self.frame.restructured:
            self.frame.restructured = False
            self._roots = None

    def batch(self) -> Batch:
        """The edited batch; the same one if nothing was changed."""
        self.settle()
        if not self.frame.changed:
            return self._batch
        data: bytes = self._request.SerializeToString()
        return Batch.from_otlp(self._batch.signal, data, sys.maxsize).with_metadata(self._batch.metadata)
