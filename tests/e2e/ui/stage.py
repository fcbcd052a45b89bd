"""A server for the pages alone: the built files as the product serves them, canned answers behind the API's routes."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from otelier import ui

from . import answers


class Stage:
    """What the server answers, to be changed by a test, and the API requests it was asked."""

    def __init__(self) -> None:
        self.traces = {trace.id: trace for trace in (answers.checkout(), answers.hostile())}
        self.services = ["cart", "checkout", "frontend", "payment", "product-catalog", answers.HOSTILE, "한국어 서비스"]
        self.operations = [{"name": "charge", "spanKind": "server"}, {"name": answers.HOSTILE, "spanKind": "client"}]
        self.summaries = list(answers.searches())
        self.exemplars: dict[str, dict[str, Any]] = {}
        """What is said of traces that are not there."""
        self.error: tuple[int, str] | None = None
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.url = ""

    def add(self, trace: answers.Trace) -> answers.Trace:
        self.traces[trace.id] = trace
        return trace

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        self.asked.append((path, query))
        if self.error:
            return self.error[0], {"error": {"httpCode": self.error[0], "message": self.error[1]}}
        if path == "/api/v3/services":
            return 200, {"services": self.services}
        if path == "/api/v3/operations":
            return 200, {"operations": self.operations}
        if path == "/api/v3/trace-summaries":
            # Moved to the present, so that "3 minutes ago" is what a reader sees.
            depth = int(query.get("query.searchDepth", ["100"])[0])
            return 200, {"summaries": [self.moved(summary) for summary in self.summaries[:depth]]}
        if path.startswith("/api/v3/traces/") and (trace := self.traces.get(path.rsplit("/", 1)[1])):
            return 200, trace.answer()
        if path.startswith("/api/otelier/v1/traces/") and (trace := self.traces.get(path.split("/")[5])):
            return 200, {"logs": trace.logs}
        if path.startswith("/api/otelier/v1/exemplars/"):
            nothing = {"stored": False, "exemplar": None, "substitute": None}
            return 200, nothing | self.exemplars.get(path.rsplit("/", 1)[1], {})
        return 404, {"error": {"httpCode": 404, "message": "trace not found"}}

    def moved(self, summary: dict[str, Any]) -> dict[str, Any]:
        by = time.time_ns() - answers.START_NS - 5_000 * answers.MS
        times = ("minStartTimeUnixNano", "maxEndTimeUnixNano")
        return {**summary, **{key: str(int(summary[key]) + by) for key in times}}


@contextmanager
def running() -> Iterator[Stage]:
    stage = Stage()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = unquote(parts.path)
            if path.startswith("/api/"):
                status, body = stage.answer(path, parse_qs(parts.query))
                self.send(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
            elif asset := ui.find(path):
                self.send(200, asset.headers, asset.body)
            else:
                self.send(404, {"Content-Type": "text/plain"}, b"404 page not found")

        def send(self, status: int, headers: Any, body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Handler)
    stage.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stage
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
