"""`tail`: lines as they come, over a WebSocket. What came late is told late; lines are told once."""

import threading
from typing import Any

import msgspec

from ...component import Clock
from ...query.errors import Busy, StoreUnreadable
from ...query.log_labels import LEVEL, SERVICE
from ...query.logql.lines import Walk
from ...query.logql.parse import parse_lines
from ...query.logql.plan import plan
from ...query.logs import Logs
from ...query.tail import MOST, News, Tail, TailedLine, tailed
from ...server.endpoint import Upgrade
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ...server.websocket import GOING_AWAY, WebSocket, upgraded
from ...storage.request_tenant import tenant
from ..errors import as_http_errors
from ..origin import check_origin
from . import answers, parse

_EVERY_S = 0.5
_SOCKETS = 10
"""At the same time: each asks again and again."""
_MAX_DELAY_S = 5


class Tails:
    """The route over a reader of logs."""

    def __init__(self, reader: Logs, clock: Clock) -> None:
        self._reader = reader
        self._clock = clock
        self._places = threading.Semaphore(_SOCKETS)

    def group(self) -> Group:
        """By GET, as WebSockets begin."""
        return Group([Route("GET", "/loki/api/v1/tail", self.tail)], answers.write_error)

    def tail(self, request: Request) -> Upgrade:
        """The newest `limit` lines from `start` on (the last hour), then what comes."""
        check_origin(request)
        given = request.query
        start_ns, _ = parse.times(given, self._clock)
        limit = parse.limit(given)
        _check_delay(given.first("delay_for"))
        with as_http_errors():
            planned = plan(parse_lines(parse.text(given)))
        source = self._reader.of(tenant(request))

        def ask(since_ns: int, until_ns: int) -> list[TailedLine]:
            with self._reader.turn():
                walk = Walk(source, planned, since_ns, until_ns, oldest_first=False)
                return [tailed(line.record.time_ns, line.text, line.labels()) for line in walk.lines(MOST)]

        def talk(socket: WebSocket) -> None:
            try:
                self._talk(socket, Tail(start_ns, ask, None), limit)
            finally:
                self._places.release()

        answer = upgraded(request, talk, self._places.release)
        if not self._places.acquire(blocking=False):
            raise HttpError(429, f"{_SOCKETS} clients tail logs already, which is as many as there may be")
        return answer

    def _talk(self, socket: WebSocket, tail: Tail, limit: int) -> None:
        first = True
        while True:
            try:
                news = tail.look(self._clock.time_ns())
            except Busy:
                news = News([], [], more=False)
            except StoreUnreadable as error:
                return socket.close(GOING_AWAY, str(error))
            lines = news.lines[-limit:] if first else news.lines
            first = False
            if lines and not socket.send(_message(lines)):
                return None
            if not socket.listen(_EVERY_S):
                return None


def _message(lines: list[TailedLine]) -> str:
    streams: dict[Any, dict[str, Any]] = {}
    for line in lines:
        name = (line.service, line.level, line.labels)
        labels = {**dict(line.labels), SERVICE: line.service, LEVEL: line.level}
        stream = streams.setdefault(name, {"stream": labels, "values": []})
        stream["values"].append((str(line.time_ns), line.line))
    return msgspec.json.encode({"streams": list(streams.values())}).decode()


def _check_delay(text: str) -> None:
    if text and not (text.isascii() and text.isdecimal() and int(text[:3]) <= _MAX_DELAY_S):
        raise HttpError(400, f"delay_for must be between 0 and {_MAX_DELAY_S} seconds, not {text[:20]!r}")
