"""A small HTTP endpoint: the native server takes requests, one Python function answers them.

For pages of low traffic: health, own metrics, small receivers. Telemetry in bulk goes through deliveries instead.
"""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeAlias

from .._core import Body, HttpRequest, HttpSocket, Inbox, Server
from .http import HttpServerSettings
from .listen import http_options, listen
from .passed_on import PassedOn

__all__ = ["Answer", "Handler", "Headers", "HttpEndpoint", "HttpRequest", "Response", "Stream", "Upgrade"]

_INBOX_BYTES = 64 * 2**20
_WAIT_S = 60.0

_log = logging.getLogger(__name__)


Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Response:
    """What a handler answers."""

    status: int = 200
    headers: Headers = ()
    body: bytes | Body = b""


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is made while it is sent; the thread that makes it waits for a slow reader."""

    headers: Headers
    pieces: Generator[bytes, None, Headers]
    """What it returns at its end are the trailers. It is closed early if the asker goes."""
    status: int = 200


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The connection becomes something else than HTTP, which has a thread of its own until it is over."""

    headers: Headers
    talk: Callable[[HttpSocket], None]
    """Is given the connection, which is closed when it returns."""
    otherwise: Callable[[], None] = lambda: None
    """Called instead where the connection can't become that."""
    status: int = 101


Answer: TypeAlias = Response | Stream | Upgrade
Handler: TypeAlias = Callable[[HttpRequest], Answer]


class HttpEndpoint:
    """One listening socket and the threads that answer on it. One life: made → `start` → `stop`."""

    def __init__(
        self,
        settings: HttpServerSettings,
        handler: Handler,
        name: str,
        *,
        threads: int = 1,
        passed_on: PassedOn | None = None,
    ) -> None:
        """`name` is that of the threads, and who it is in the log; `passed_on` does not come to the handler."""
        self._passed_on = passed_on
        self._settings = settings
        self._handler = handler
        self._name = name
        self._thread_count = threads
        self._inbox = Inbox(_INBOX_BYTES)
        self._threads: list[threading.Thread] = []
        self._server: Server | None = None

    def start(self) -> None:
        """Bind and answer. Raises StartError."""
        options = http_options(self._settings)
        if self._passed_on:
            options["passed_on"] = self._passed_on.options()
        self._server = listen(options, self._inbox, self._settings)
        for number in range(self._thread_count):
            thread = threading.Thread(target=self._run, name=f"{self._name}:{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        assert self._server, "not started"
        return self._server.address

    def stop(self, grace_s: float = 1.0) -> None:
        """Take no more requests, answer those under way for up to `grace_s`, then close."""
        if self._server:
            self._server.stop(grace_s)
        self._inbox.close()
        for thread in self._threads:
            thread.join(grace_s)

    def _run(self) -> None:
        while not self._inbox.closed:
            request = self._inbox.receive_http(_WAIT_S)
            if request is not None:
                self._respond(request, self._answer(request))

    def _respond(self, request: HttpRequest, answer: Answer) -> None:
        try:
            if isinstance(answer, Stream):
                _stream(request, answer)
            elif isinstance(answer, Upgrade):
                self._upgrade(request, answer)
            else:
                request.respond(answer.status, answer.headers, answer.body)
        except BaseException:  # noqa: BLE001 (as below)
            _log.exception("%s: can't send the answer to %s %s", self._name, request.method, request.path)

    def _upgrade(self, request: HttpRequest, answer: Upgrade) -> None:
        try:
            socket = request.upgrade(answer.headers)
            name = f"{self._name}:socket"
            threading.Thread(target=self._talk, args=(answer, socket), name=name, daemon=True).start()
        except BaseException:
            answer.otherwise()
            raise

    def _talk(self, answer: Upgrade, socket: HttpSocket) -> None:
        with closing(socket):
            try:
                answer.talk(socket)
            except BaseException:  # noqa: BLE001 (as below)
                _log.exception("%s: a socket has failed", self._name)

    def _answer(self, request: HttpRequest) -> Answer:
        try:
            return self._handler(request)
        except BaseException:  # noqa: BLE001 (neither a bug in one page nor a panic in native code ends the endpoint)
            _log.exception("%s: can't answer %s %s", self._name, request.method, request.path)
            return Response(500, (("content-type", "text/plain"),), b"internal error; see the log\n")


def _stream(request: HttpRequest, answer: Stream) -> None:
    out = request.stream(answer.status, answer.headers)
    with closing(out), closing(answer.pieces) as pieces:
        while True:
            try:
                piece = next(pieces)
            except StopIteration as end:
                out.finish(end.value)
                return
            if not out.send(piece):
                return
