"""OTLP over gRPC to one backend, or to the first of several that works."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from .._core import GrpcClient, SendResult
from ..component import Config, Context, Duration, Permanent, Retryable, Secret
from ..telemetry import Batch
from .clients import AuthSettings, CompressionParams, check_compression, check_headers, revealed
from .outcome import Sent, TooLarge
from .settings import SendSettings
from .tls import TlsClientSettings, tls_options

_COMPRESSIONS = {"gzip": range(-2, 10), "zstd": range(1, 23), "snappy": range(0)}
_CODES = {
    1: "CANCELLED", 2: "UNKNOWN", 3: "INVALID_ARGUMENT", 4: "DEADLINE_EXCEEDED", 5: "NOT_FOUND", 6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED", 8: "RESOURCE_EXHAUSTED", 9: "FAILED_PRECONDITION", 10: "ABORTED", 11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED", 13: "INTERNAL", 14: "UNAVAILABLE", 15: "DATA_LOSS", 16: "UNAUTHENTICATED",
}  # fmt: skip
_RETRYABLE = {0, 1, 4, 10, 11, 14, 15}
"""https://opentelemetry.io/docs/specs/otlp/#failures, and no answer at all."""
_RESOURCE_EXHAUSTED = 8
_TOO_LARGE = {8, 11}
_IN_WORDS = re.compile("larger than|too large|exceeds maximum size", re.IGNORECASE)
"""How servers in Go, Rust, Java and C, and ours, tell a message that is too large from a quota that is used up."""
_HINTS = {
    3: "the backend finds the data invalid",
    7: "check headers: the backend knows the sender but does not allow it",
    12: "the backend does not take this signal; check endpoint",
    16: "check headers: the backend wants credentials",
}
_AVOID_S = 30.0


class NoAnswer(Retryable):
    """Nobody was reached, or nothing came back in time: the backend itself may be gone."""


class KeepaliveSettings(Config):
    """`keepalive`: HTTP/2 pings that find dead connections."""

    time: Duration = Duration(10)
    """Ping after this time without anything received; 0 = never."""
    timeout: Duration = Duration(10)
    """Close the connection when a ping has no answer for this long."""
    permit_without_stream: bool = False
    """Ping although no request is under way."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        for key in ("time", "timeout"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"


class GrpcClientSettings(SendSettings):
    """Where and how to send over gRPC."""

    endpoint: str
    """`host:port`, `dns:///host:port`, `unix:///path`, `http://host:port` (plain text) or `https://host:port`.

    Several, separated by commas: the next takes over while those before it fail.
    """
    compression: str = "gzip"
    """gzip, zstd, snappy or none."""
    compression_params: CompressionParams = CompressionParams()
    """How hard to compress."""
    tls: TlsClientSettings = TlsClientSettings()
    """How to prove the server, and oneself; on unless `insecure`."""
    keepalive: KeepaliveSettings | None = None
    """Pings that find dead connections; none if not given, since many servers cut off who pings often."""
    read_buffer_size: Annotated[int, Meta(ge=0)] = 0
    """Accepted; the transport chooses its own buffers."""
    write_buffer_size: Annotated[int, Meta(ge=0)] = 512 * 1024
    """Accepted; requests are written as they are, without a buffer."""
    wait_for_ready: bool = False
    """Accepted without effect: a failed connection is tried again anyway, as `retry_on_failure` says."""
    headers: dict[str, Secret] = {}  # noqa: RUF012 (msgspec copies it)
    """Metadata of each request; names are sent in lower case, as HTTP/2 wants."""
    balancer_name: str = "round_robin"
    """round_robin over all addresses of the name, or pick_first."""
    authority: str = ""
    """Overrides the `:authority` header."""
    auth: AuthSettings | None = None
    """Extension that authenticates each request."""

    @property
    def endpoints(self) -> list[str]:
        """All endpoints, in order."""
        return [part.strip() for part in self.endpoint.split(",")]

    def problems(self) -> Iterable[tuple[str, str]]:
        """What can't be an address or a choice."""
        yield from super().problems()
        if not all(self.endpoints):
            yield "endpoint", "must be host:port, or several of them separated by commas"
        for endpoint in self.endpoints:
            scheme, mark, rest = endpoint.partition("://")
            if mark and scheme in ("http", "https") and rest.partition("/")[2]:
                yield "endpoint", f"gRPC has no paths: write {scheme}://{rest.partition('/')[0]}"
        yield from check_compression(self.compression, self.compression_params, _COMPRESSIONS)
        yield from check_headers(self.headers)
        if self.balancer_name not in ("round_robin", "pick_first"):
            yield "balancer_name", "must be round_robin or pick_first"


@dataclass(slots=True)
class _Backend:
    target: str
    client: GrpcClient
    avoid_until: float = 0
    """Monotonic seconds; while others work, this one is not tried before."""


class GrpcSender:
    """Sends OTLP batches to the first endpoint that works, and goes back to an earlier one after a while."""

    def __init__(self, ctx: Context, settings: GrpcClientSettings) -> None:
        """Makes the clients; connections are opened by the first send. Raises ValueError for bad options or files."""
        self._clock = ctx.clock
        self._log = ctx.log
        self._headers = revealed(settings.headers)
        self._backends = [_Backend(target, GrpcClient(_options(settings, target))) for target in settings.endpoints]

    def send(self, batch: Batch, timeout_s: float) -> Sent:
        """Send one batch; raises Retryable or Permanent."""
        now = self._clock.monotonic()
        deadline = now + timeout_s
        # A failed backend goes behind those that work; `sorted` keeps their order otherwise.
        order = sorted(self._backends, key=lambda backend: backend.avoid_until > now)
        for backend in order[:-1]:
            try:
                return self._send_to(backend, batch, deadline - self._clock.monotonic())
            except Retryable as error:
                backend.avoid_until = self._clock.monotonic() + _AVOID_S
                self._log.warning("%s fails, the next endpoint takes over: %s", backend.target, error)
                if self._clock.monotonic() >= deadline:
                    raise  # no time is left for the others: the next attempt begins with them
        return self._send_to(order[-1], batch, deadline - self._clock.monotonic())

    def check(self, timeout_s: float, *, any_answer: bool) -> str:
        """Why the first endpoint isn't healthy by gRPC's health service; empty if it is, or has no such service.

        With `any_answer`, one that answers at all is healthy.
        """
        result = self._backends[0].client.check(self._headers, timeout_s)
        return (
            ""
            if result.ok or (any_answer and result.answered)
            else result.message or _CODES.get(result.code, f"code {result.code}")
        )

    def close(self) -> None:
        """Close all connections."""
        for backend in self._backends:
            backend.client.close()

    def _send_to(self, backend: _Backend, batch: Batch, timeout_s: float) -> Sent:
        return read_answer(backend.client.send(batch, self._headers, max(timeout_s, 0)), backend.target)


def read_answer(result: SendResult, target: str) -> Sent:
    """What a gRPC status means for the data; raises Retryable or Permanent."""
    if result.ok:
        return Sent(result.rejected, result.message)
    code = result.code
    text = f"{target}: {_CODES.get(code, f'code {code}')}: {result.message}"
    if code in _TOO_LARGE and result.retry_after_s is None and _IN_WORDS.search(result.message):
        raise TooLarge(text)
    if code in _RETRYABLE or (code == _RESOURCE_EXHAUSTED and result.retry_after_s is not None):
        raise (Retryable if result.answered else NoAnswer)(text, after_s=result.retry_after_s)
    raise Permanent(f"{text} ({_HINTS[code]})" if code in _HINTS else text)


def _options(settings: GrpcClientSettings, target: str) -> bytes:
    options: dict[str, Any] = {
        "target": target,
        "tls": tls_options(settings.tls),
        "compression": settings.compression or "none",
        "compression_level": settings.compression_params.level,
        "balancer": settings.balancer_name,
        "authority": settings.authority or None,
    }
    keepalive = settings.keepalive
    if keepalive and keepalive.time:
        options["keepalive"] = {
            "time_s": keepalive.time,
            "timeout_s": keepalive.timeout,
            "permit_without_stream": keepalive.permit_without_stream,
        }
    return json.dumps(options).encode()
