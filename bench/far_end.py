"""The far end of a processing bench: several OTLP sinks and a remote-write sink, all in one process.

`python -m bench.far_end` listens for OTLP/gRPC at 14317, 14327 and 14337, OTLP/HTTP at 14318, remote write at 14390,
all on 127.0.0.1. A line on standard input is answered by a line of JSON; `traces` asks for the spans of each trace.
"""

import collections
import json
import sys
import threading
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from otelier._core import Inbox, Server
from otelier.testing import RemoteWriteSink

from .sink import SIZE_LIMIT, server_options

PORTS = (14317, 14327, 14337)
HTTP_PORT, WRITE_PORT = 14318, 14390


class OtlpSink:
    """Counts, by port, what it receives; knows the spans of each trace."""

    def __init__(self, ports: list[tuple[str, int]]) -> None:
        self._inbox = Inbox(4 * SIZE_LIMIT)
        self._lock = threading.Lock()
        self.items = self.digest = self.requests = 0
        self.traces: collections.Counter[bytes] = collections.Counter()
        self.calls: dict[bytes, float] = {}
        """The newest value of each series of calls."""
        self._servers = [Server(json.dumps(server_options(*port)).encode(), self._inbox) for port in ports]
        for signal in ("traces", "metrics"):
            threading.Thread(target=self._take, args=(signal,), daemon=True).start()

    def _take(self, signal: Any) -> None:
        while not self._inbox.closed:
            if delivery := self._inbox.receive(signal, 8 << 20, 1.0):
                batch = delivery.batch
                delivery.accept()
                self._metrics(batch.to_otlp()) if signal == "metrics" else self._spans(batch, delivery.requests)

    def _spans(self, batch: Any, requests: int) -> None:
        digest, ids = batch.digest(), batch.trace_ids()
        with self._lock:
            self.items += batch.items
            self.requests += requests
            self.digest = (self.digest + digest) % 2**64
            self.traces.update(ids[at : at + 16] for at in range(0, len(ids), 16))

    def _metrics(self, data: bytes) -> None:
        for group in ExportMetricsServiceRequest.FromString(data).resource_metrics:
            around = group.resource.SerializeToString(deterministic=True)
            for metric in (metric for scope in group.scope_metrics for metric in scope.metrics):
                if metric.name.endswith("calls"):
                    for point in metric.sum.data_points:
                        key = around + b"".join(sorted(each.SerializeToString() for each in point.attributes))
                        self.calls[key] = point.as_int


def main() -> None:
    sinks = [
        OtlpSink([("grpc", port), *([("otlp_http", HTTP_PORT)] if not at else [])]) for at, port in enumerate(PORTS)
    ]
    with RemoteWriteSink(port=WRITE_PORT) as written:
        print("ready", flush=True)
        for line in sys.stdin:
            if line.strip() == "traces":
                print(json.dumps([{key.hex(): n for key, n in sink.traces.items()} for sink in sinks]), flush=True)
                continue
            calls = written.newest("traces_span_metrics_calls_total")
            answer = {
                "items": sum(sink.items for sink in sinks),
                "requests": sum(sink.requests for sink in sinks),
                "digest": sum(sink.digest for sink in sinks) % 2**64,
                "calls": sum(sum(sink.calls.values()) for sink in sinks),
                "written_calls": sum(calls.values()),
            }
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
