"""An HTTP backend that remembers."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from otelier._core import Batch, HttpClient, SendResult
from otelier.testing import span, traces

PROTOBUF, JSON = "application/x-protobuf", "application/json"
Answer = tuple[int, dict[str, str], bytes]


class Seen:
    """One request as the server got it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method, self.path, self.headers = handler.command, handler.path, dict(handler.headers.items())
        self.body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        self.client = handler.client_address


class Backend(ThreadingHTTPServer):
    """Keeps all requests; `answer(request)` gives status, headers and body."""

    daemon_threads = True

    def __init__(
        self, answer: Callable[[Seen], Answer], address: tuple[str, int], context: ssl.SSLContext | None
    ) -> None:
        self.requests: list[Seen] = []
        self.connections: list[socket.socket] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                server.requests.append(Seen(self))
                status, headers, body = answer(server.requests[-1])
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.do_POST()

            def do_PUT(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        server = self
        super().__init__(address, Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def url(server: Any, scheme: str = "http", host: str = "127.0.0.1") -> str:
    return f"{scheme}://{host}:{server if isinstance(server, int) else server.port}/v1/traces"


def send(
    client: HttpClient, to: str, batch: Batch | None = None, encoding: Any = "proto", timeout_s: float = 10
) -> SendResult:
    return client.send(to, traces(span()) if batch is None else batch, encoding, [], timeout_s)
