"""Real OTLP backends on loopback that answer as told."""

import gzip
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest

from otelier.telemetry import Batch, Signal

_SERVICES: dict[str, Signal] = {"trace": "traces", "metrics": "metrics", "logs": "logs"}
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass
class Reply:
    """What a backend answers; `code` is an HTTP status or a gRPC code."""

    code: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    metadata: tuple[tuple[str, str | bytes], ...] = ()


@dataclass
class Arrival:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    """Decompressed."""
    at: float = 0.0

    @property
    def signal(self) -> Signal:
        word = self.path.rpartition("/v1/")[2] if "/v1/" in self.path else self.path.split(".")[3]
        return _SERVICES.get(word, word)

    @property
    def batch(self) -> Batch:
        if self.headers.get("content-type") == "application/json":
            return Batch.from_json(self.signal, self.body)
        return Batch.from_otlp(self.signal, self.body)


class Backend:
    """What both kinds share: arrivals, and one scripted reply each (then success)."""

    def __init__(self, *replies: Reply | int) -> None:
        self.arrivals: list[Arrival] = []
        self.now: Callable[[], float] = lambda: 0.0
        """Where `Arrival.at` comes from."""
        self.decide: Callable[[], Reply] | None = None
        """Instead of scripted replies."""
        self._replies = deque(reply if isinstance(reply, Reply) else Reply(reply) for reply in replies)
        self._lock = threading.Lock()

    def answer(self, arrival: Arrival) -> Reply:
        arrival.at = self.now()
        with self._lock:
            self.arrivals.append(arrival)
            if self.decide:
                return self.decide()
            return self._replies.popleft() if self._replies else Reply()

    @property
    def times(self) -> list[float]:
        return [arrival.at for arrival in self.arrivals]


class HttpBackend(Backend):
    """OTLP/HTTP; 0 is answered as 200."""

    def start(self) -> int:
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                encoding = self.headers.get("Content-Encoding", "identity")
                body = {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(encoding, bytes)(body)
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = backend.answer(Arrival(self.path, headers, body))
                self.send_response(reply.code or 200)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self._server.server_address[1]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class GrpcBackend(Backend):
    """OTLP/gRPC by grpcio, with raw bytes."""

    def start(self, port: int = 0, credentials: grpc.ServerCredentials | None = None) -> int:
        class AnyMethod(grpc.GenericRpcHandler):
            def service(_self, details):  # noqa: N805
                def call(body: bytes, context: grpc.ServicerContext) -> bytes:
                    headers = dict(context.invocation_metadata())
                    reply = self.answer(Arrival(details.method, headers, body))
                    if reply.metadata:
                        context.set_trailing_metadata(reply.metadata)
                    if reply.code:
                        context.abort(_CODES[reply.code], "as told")
                    return reply.body

                return grpc.unary_unary_rpc_method_handler(call)

        self._server = grpc.server(ThreadPoolExecutor(8), handlers=[AnyMethod()], options=[("grpc.so_reuseport", 0)])
        where = f"127.0.0.1:{port}"
        if credentials:
            found = self._server.add_secure_port(where, credentials)
        else:
            found = self._server.add_insecure_port(where)
        self._server.start()
        return found

    def stop(self) -> None:
        self._server.stop(0).wait()


@pytest.fixture
def http_backend() -> Iterator[Callable[..., tuple[HttpBackend, str]]]:
    """Starts a backend with these replies: (backend, URL)."""
    with ExitStack() as stack:

        def start(*replies: Reply | int) -> tuple[HttpBackend, str]:
            backend = HttpBackend(*replies)
            port = backend.start()
            stack.callback(backend.stop)
            return backend, f"http://127.0.0.1:{port}"

        yield start


@pytest.fixture
def grpc_backend() -> Iterator[Callable[..., tuple[GrpcBackend, str]]]:
    """Starts a backend with these replies: (backend, endpoint)."""
    with ExitStack() as stack:

        def start(
            *replies: Reply | int, port: int = 0, credentials: grpc.ServerCredentials | None = None
        ) -> tuple[GrpcBackend, str]:
            backend = GrpcBackend(*replies)
            found = backend.start(port, credentials)
            stack.callback(backend.stop)
            return backend, f"127.0.0.1:{found}"

        yield start


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
