"""A target of scrapes, and a place where samples end.

with FakeTarget("a 1\\n") as target:
    target.address  # host:port
    target.set("a 2\\n", content_type="text/plain")
"""

import gzip
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .._core import Samples, Scraped

Row = tuple[dict[str, str], int, float]
"""Labels, ms, value."""
STALE = 0x7FF0000000000002


class FakeTarget:
    """Serves until the `with` block ends."""

    def __init__(
        self,
        body: str | bytes = "",
        content_type: str = "text/plain; version=0.0.4",
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: speak HTTPS with this certificate."""
        self.requests: list[tuple[str, dict[str, str]]] = []
        """Path and headers (names in lower case) of each request."""
        self.bodies: list[bytes] = []
        """Of requests that have one."""
        self._changed = threading.Condition()
        self._answer: tuple[int, bytes, str, str] = (200, b"", "", "")
        self.set(body, content_type=content_type)
        self._server = _server(self)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> "FakeTarget":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def set(
        self,
        body: str | bytes,
        *,
        content_type: str = "text/plain; version=0.0.4",
        status: int = 200,
        location: str = "",
    ) -> None:
        """What is answered from now on."""
        data = body.encode() if isinstance(body, str) else body
        with self._changed:
            self._answer = status, data, content_type, location

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """For the server."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = request.rfile.read(int(headers.get("content-length", 0)))
        with self._changed:
            status, data, content_type, location = self._answer
            self.requests.append((request.path, headers))
            self.bodies += [body] if body else []
            self._changed.notify_all()
        packed = "gzip" in headers.get("accept-encoding", "")
        data = gzip.compress(data, 1) if packed else data
        request.send_response(status)
        if content_type:
            request.send_header("Content-Type", content_type)
        if location:
            request.send_header("Location", location)
        if packed:
            request.send_header("Content-Encoding", "gzip")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)


class MemorySamples:
    """A sink of scrapes that keeps all."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._all: list[Samples] = []

    def __call__(self, scraped: Sequence[Scraped]) -> None:
        """Take."""
        with self._changed:
            self._all += [each.samples for each in scraped]
            self._changed.notify_all()

    def rows(self, name: str = "") -> list[Row]:
        """All float samples, of one metric if it is named."""
        with self._changed:
            return [row for samples in self._all for row in rows_of(samples) if name in ("", row[0].get("__name__"))]

    def wait_for(self, enough: Callable[[list[Row]], bool], name: str = "", timeout_s: float = 20.0) -> list[Row]:
        """The rows as soon as they are enough; as they are after the time-out."""
        with self._changed:
            self._changed.wait_for(lambda: enough(self._rows(name)), timeout_s)
            return self._rows(name)

    def _rows(self, name: str) -> list[Row]:
        return [row for samples in self._all for row in rows_of(samples) if name in ("", row[0].get("__name__"))]


def rows_of(samples: Samples) -> list[Row]:
    """Series by series."""
    return [(dict(labels), ms, value) for labels, _, (floats, _, _) in samples.contents() for ms, value in floats]


def is_stale(value: float) -> bool:
    """Whether a value says that its series has ended."""
    return struct.unpack("<Q", struct.pack("<d", value))[0] == STALE


def _server(target: FakeTarget) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                target.answer(self)
            except ConnectionError:
                self.close_connection = True

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing: it is a test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
