"""What only the process that takes telemetry in can do: requests go on to its internal endpoint, answers come back.

Writes are many and large: the native server passes them on (`passed_on`) as they came. What comes through here is rare:
the other paths, writes that name an `Origin`, and what this process writes itself.

Its connections are kept open and used again. A connection that it closed meanwhile is noticed at the first byte; then
the request goes once more, over a new one: what it asks for is the same however often it is asked.
"""

import http.client
import logging
import threading
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import msgspec

from ...component import ConfigError, Duration, Secret
from ...server.endpoint import Response
from ...server.hosts import HostCheck
from ...server.http import DEFAULT_BODY_BYTES, HttpServerSettings
from ...server.passed_on import Accepts, PassedOn
from ...server.request import HttpError, Request
from ...server.router import Group, Route
from ..origin import check_origin
from .answer import ApiError, write_error

_log = logging.getLogger(__name__)

_TOKEN = "x-otelier-token"  # noqa: S105 - the header's name
_LIMIT = "x-otelier-max-bytes"
"""Of a body that is decompressed there and not here."""
_RELOAD = "/-/reload"
_WRITES = {
    # zstd is of VictoriaMetrics' agents; what is in no encoding at all may be snappy all the same.
    "/api/v1/write": Accepts(("", "application/x-protobuf"), ("", "identity", "snappy", "zstd")),
    "/api/v1/otlp/v1/metrics": Accepts(),
}
_PATHS = (
    *(("POST", path) for path in _WRITES),
    ("GET", "/api/v1/targets"),
    ("GET", "/api/v1/targets/metadata"),
    ("GET", "/api/v1/targets/relabel_steps"),
    ("GET", "/api/v1/scrape_pools"),
    ("GET", "/api/v1/scrape_pools/config"),
    *(
        (method, f"/api/v1/admin/tsdb/{name}")
        for name in ("delete_series", "clean_tombstones", "snapshot")
        for method in ("POST", "PUT")
    ),
    *((method, path) for path in ("/-/reload", "/-/quit") for method in ("POST", "PUT")),
)
_HOP = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "content-length", "host", "content-encoding", "accept-encoding", "expect", _TOKEN, _LIMIT,
})  # fmt: skip
"""Headers of one connection; the body goes on without the encoding in which it came."""
_KEPT = 16
"""Most connections that wait for their next request."""
_AT_ONCE = 64
"""Writes under way there."""


class Parent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The internal endpoint of the process that takes telemetry in."""

    endpoint: str
    """`host:port`."""
    token: Secret
    """What it wants to see in a header."""
    timeout: Duration = Duration(30.0)
    """Longest wait for its answer."""


def passed_on(parent: Parent, server: HttpServerSettings, hosts: HostCheck) -> PassedOn:
    """Of the endpoint that clients write to."""
    return PassedOn(
        paths=_WRITES,
        endpoint=parent.endpoint,
        name="the process that takes metrics in",
        headers={
            _TOKEN: parent.token.reveal(),
            _LIMIT: str(server.max_request_body_size or DEFAULT_BODY_BYTES),
        },
        timeout_s=float(parent.timeout),
        max_connections=_AT_ONCE,
        hosts=hosts,
    )


class Forward:
    """Sends requests on."""

    def __init__(self, parent: Parent) -> None:
        self._parent = parent
        address = urlsplit(f"//{parent.endpoint}")
        self._address = (address.hostname or "127.0.0.1", address.port or 80)
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """The parent's answer as it is. Raises ApiError if there is none."""
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        return self.send(request.method, request.target, request.body, headers)

    def send(self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Response:
        """The answer to a request of our own. Raises ApiError if there is none."""
        given = {**(headers or {}), _TOKEN: self._parent.token.reveal()}
        try:
            if (kept := self._taken()) is not None:
                try:
                    return self._sent(kept, method, target, body, given)
                except (http.client.RemoteDisconnected, ConnectionError):
                    kept.close()
            return self._sent(self._new(), method, target, body, given)
        except (OSError, http.client.HTTPException) as error:
            _log.warning("the process that takes telemetry in does not answer %s %s: %s", method, target, error)
            raise ApiError(
                "timeout", f"the process that takes metrics in does not answer ({error}); try again later"
            ) from error  # fmt: skip

    def close(self) -> None:
        """Close connections that wait."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in idle:
            each.close()

    def _new(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self._address, timeout=float(self._parent.timeout))

    def _taken(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _sent(
        self, connection: http.client.HTTPConnection, method: str, target: str, body: bytes, headers: dict[str, str]
    ) -> Response:
        try:
            connection.request(method, target, body, headers)
            raw = connection.getresponse()
            kept = tuple((name.lower(), value) for name, value in raw.getheaders() if name.lower() not in _HOP)
            answer = Response(raw.status, kept, raw.read())
        except BaseException:
            connection.close()
            raise
        if raw.will_close:
            connection.close()
            return answer
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(connection)
                return answer
        with closing(connection):
            return answer


class Forwarded:
    """The routes, also where there is nobody to send them to."""

    def __init__(self, forward: Forward | None, reload_rules: Callable[[], None] | None = None) -> None:
        """`reload_rules` raises ConfigError."""
        self._forward = forward
        self._reload_rules = reload_rules

    def group(self) -> Group:
        """Paths that the parent answers."""
        return Group([Route(method, path, self._send) for method, path in _PATHS], write_error)

    def _send(self, request: Request) -> Response:
        if request.method != "GET":
            check_origin(request)
        if self._forward is None:
            raise HttpError(
                503,
                "only reading is possible here: no otelier_prometheus extension with the same data_dir runs in the "
                "process that takes telemetry in; add it to service::extensions",
            )
        answer = self._forward(request)
        if request.path == _RELOAD and answer.status // 100 == 2 and self._reload_rules:
            try:
                self._reload_rules()
            except ConfigError as error:
                raise HttpError(500, f"rules can't be reloaded, those before go on:\n{error}") from error
        return answer
