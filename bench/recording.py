"""The second corpus: what the OpenTelemetry SDK for Python really sends, recorded once into the cache folder."""

import random
import struct
from concurrent import futures
from pathlib import Path

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from .corpus import cache_folder

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
VERSION = 1


def recording(spans: int) -> Path:
    """The file of requests (format: see load/src/main.rs), recorded if it isn't there yet."""
    path = cache_folder() / f"sdk-v{VERSION}-{spans}.bin"
    if not path.exists():
        requests = _record(spans)
        partial = path.with_suffix(".tmp")
        with partial.open("wb") as file:
            for request in requests:
                file.write(struct.pack("<II", len(request), _count(request)) + request)
        partial.rename(path)
    return path


def _record(spans: int) -> list[bytes]:
    requests: list[bytes] = []

    def export(request: bytes, _: grpc.ServicerContext) -> bytes:
        requests.append(request)
        return b""

    server = grpc.server(futures.ThreadPoolExecutor(4), options=[("grpc.max_receive_message_length", -1)])
    handler = grpc.unary_unary_rpc_method_handler(export)
    server.add_generic_rpc_handlers([_OneMethod(handler)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for service in ("frontend", "checkout", "payment", "catalog"):
        _application(service, f"127.0.0.1:{port}", spans // 4)
    server.stop(5).wait()
    return requests


class _OneMethod(grpc.GenericRpcHandler):
    def __init__(self, handler: grpc.RpcMethodHandler) -> None:
        self._handler = handler

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return self._handler if call.method == EXPORT else None


def _application(service: str, endpoint: str, spans: int) -> None:
    """One process' worth of instrumented web requests: a server span with a client and two internal spans below."""
    rng = random.Random(service)
    provider = TracerProvider(resource=Resource.create({"service.name": service, "service.version": "2.3.1"}))
    exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=spans + 10, max_export_batch_size=512))
    tracer = provider.get_tracer("otelier.bench", "1.0")
    for number in range(spans // 4):
        route = f"/api/{rng.choice(['cart', 'orders', 'products', 'users'])}/{{id}}"
        attributes = {
            "http.request.method": "GET", "http.route": route, "url.scheme": "https",
            "url.path": route.replace("{id}", str(number)), "http.response.status_code": 200,
            "server.address": f"{service}.shop.example", "server.port": 8443, "client.address": "10.20.30.40",
            "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
            "network.protocol.version": "1.1",
        }  # fmt: skip
        with tracer.start_as_current_span(f"GET {route}", kind=SpanKind.SERVER, attributes=attributes) as span:
            with tracer.start_as_current_span("authorize", attributes={"enduser.id": f"u{rng.randrange(10**6)}"}):
                pass
            with tracer.start_as_current_span("load", attributes={"cache.hit": rng.random() < 0.7, "작업": "조회"}):
                statement = {"db.system.name": "postgresql", "db.query.text": "SELECT * FROM items WHERE id = $1"}
                with tracer.start_as_current_span("SELECT items", kind=SpanKind.CLIENT, attributes=statement):
                    pass
            if rng.random() < 0.05:
                span.record_exception(TimeoutError("upstream timed out"))
                span.set_status(Status(StatusCode.ERROR, "upstream timed out"))
    provider.shutdown()


def _count(request: bytes) -> int:
    message = ExportTraceServiceRequest.FromString(request)
    return sum(len(scope.spans) for resource in message.resource_spans for scope in resource.scope_spans)
