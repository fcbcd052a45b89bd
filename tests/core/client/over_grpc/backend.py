"""A gRPC backend that remembers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from otelier._core import Batch, GrpcClient, SendResult
from otelier.testing import span, traces

OK, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE = 0, 1, 4, 8, 14
PATHS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class Backend(grpc.GenericRpcHandler):
    """A grpcio server that keeps the bytes and metadata of all Export requests."""

    def __init__(self, answer: Answer, address: str, credentials: Any, options: list[tuple[str, Any]]) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.metadata: list[dict[str, Any]] = []
        self._answer = answer
        options = [("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0), *options]
        self._server = grpc.server(ThreadPoolExecutor(8), [self], options=options)
        add = self._server.add_insecure_port
        self.port = self._server.add_secure_port(address, credentials) if credentials else add(address)
        self._server.start()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if handler_call_details.method not in PATHS.values():
            return None

        def export(data: bytes, context: grpc.ServicerContext) -> bytes:
            self.requests.append((handler_call_details.method, data))
            self.metadata.append(dict(handler_call_details.invocation_metadata))
            return self._answer(data, context)

        return grpc.unary_unary_rpc_method_handler(export)

    def stop(self) -> None:
        self._server.stop(0).wait()


def send(client: GrpcClient, batch: Batch | None = None, timeout_s: float = 10) -> SendResult:
    return client.send(traces(span()) if batch is None else batch, [], timeout_s)
