"""A server that takes alerts as Alertmanager's API v2 does, and any JSON that webhooks post, and remembers it."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeAlertmanager:
    """Listens on 127.0.0.1; use it as a context."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, Any]] = []
        """Path and JSON of each request that was answered well, in their order."""
        self.headers: list[dict[str, str]] = []
        """Of each request, names in lower case."""
        self.answers: list[int] = []
        """Statuses to answer the next requests with; then 200."""
        self.changed = threading.Condition()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = fake._take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Quiet."""

        Handler.protocol_version = "HTTP/1.1"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.address}"

    def __enter__(self) -> "FakeAlertmanager":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """All alerts that were posted to the API, in their order."""
        return [alert for path, given in list(self.posts) if path.endswith("/api/v2/alerts") for alert in given]

    def until(self, true: Callable[["FakeAlertmanager"], object], timeout_s: float = 30) -> None:
        """Wait until `true(fake)`, asked whenever a request has come. Raises AssertionError."""
        with self.changed:
            if not self.changed.wait_for(lambda: true(self), timeout_s):
                raise AssertionError(f"not within {timeout_s} s; {len(self.posts)} requests so far")

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        with self.changed:
            self.headers.append(headers)
            status = self.answers.pop(0) if self.answers else 200
            if status < 300:
                self.posts.append((path, json.loads(body)))
            self.changed.notify_all()
        return status
