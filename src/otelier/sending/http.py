"""OTLP over HTTP to one URL per signal."""

import json
from collections.abc import Callable, Iterable, Sequence
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from .._core import HttpClient, SendResult
from ..component import Clock, Config, Duration, Permanent, Retryable, Secret
from ..telemetry import Batch, Signal
from .clients import AuthSettings, CompressionParams, check_compression, check_headers, revealed
from .outcome import Sent, TooLarge
from .settings import SendSettings
from .tls import TlsClientSettings, tls_options

_COMPRESSIONS = {
    "gzip": range(-2, 10),
    "zlib": range(-2, 10),
    "deflate": range(-2, 10),
    "zstd": range(1, 23),
    "snappy": range(0),
    "lz4": range(0),
}
_RETRYABLE = {0, 429, 502, 503, 504}
"""https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes, and no answer at all."""
_TOO_LARGE = 413
_HINTS = {
    401: "check headers: the backend wants credentials",
    403: "check headers: the backend knows the sender but does not allow it",
    404: "check the path of endpoint",
    405: "check the path of endpoint",
    415: "the backend does not take this encoding: check encoding and compression",
}


_MAX_SHOWN = 300
"""Of a refusal's text, in bytes."""


class CookieSettings(Config):
    """`cookies`: keep what the backend sets."""

    enabled: bool = False
    """Send cookies back."""


class HttpClientSettings(SendSettings):
    """How to send over HTTP."""

    timeout: Duration = Duration(30)
    """Longest time of one attempt; 0 = no limit."""
    compression: str = "gzip"
    """gzip, zstd, zlib, deflate, snappy, lz4 or none."""
    compression_params: CompressionParams = CompressionParams()
    """How hard to compress."""
    tls: TlsClientSettings = TlsClientSettings()
    """How to prove the server of an https URL, and oneself."""
    headers: dict[str, Secret] = {}  # noqa: RUF012 (msgspec copies it)
    """Sent with each request, names as written."""
    proxy_url: str = ""
    """Proxy to go through; default: as the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY say."""
    read_buffer_size: Annotated[int, Meta(ge=0)] = 0
    """Bytes read from a connection at once; 0 = the transport's choice."""
    write_buffer_size: Annotated[int, Meta(ge=0)] = 512 * 1024
    """Accepted; requests are written as they are, without a buffer."""
    max_idle_conns: Annotated[int, Meta(ge=0)] = 100
    """Connections kept open without a request; 0 = no limit."""
    max_idle_conns_per_host: Annotated[int, Meta(ge=0)] = 0
    """The same for one host; 0 = no limit."""
    max_conns_per_host: Annotated[int, Meta(ge=0)] = 0
    """Connections of one host at once, others wait; 0 = no limit."""
    idle_conn_timeout: Duration = Duration(90)
    """Close an idle connection after this time; 0 = never."""
    disable_keep_alives: bool = False
    """Open a connection for each request."""
    force_attempt_http2: bool = True
    """Accepted; HTTP/2 is spoken where TLS negotiates it."""
    http2_read_idle_timeout: Duration = Duration(0)
    """Accepted; a request's own time-out finds dead connections."""
    http2_ping_timeout: Duration = Duration(0)
    """Accepted, see `http2_read_idle_timeout`."""
    cookies: CookieSettings | None = None
    """Not taken: OTLP backends set none."""
    auth: AuthSettings | None = None
    """Extension that authenticates each request."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What can't be a choice."""
        yield from super().problems()
        yield from check_compression(self.compression, self.compression_params, _COMPRESSIONS)
        yield from check_headers(self.headers)
        for key in ("idle_conn_timeout", "http2_read_idle_timeout", "http2_ping_timeout"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"
        if self.cookies and self.cookies.enabled:
            yield "cookies.enabled", "cookies are not supported; remove the key"
        if self.proxy_url and (problem := url_problem(self.proxy_url)):
            yield "proxy_url", problem


def url_problem(url: str) -> str:
    """Why something can't be an endpoint's URL; empty if it can."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{url!r} is not a URL: write http://host:port or https://host:port"
    return ""


class HttpSender:
    """Sends OTLP batches by POST."""

    def __init__(
        self, settings: HttpClientSettings, encoding: Literal["proto", "json"], url: Callable[[Signal], str]
    ) -> None:
        """Makes the client; connections are opened by the first send. `url`: where a signal goes to. Raises ValueError
        for bad options or files."""
        self._url = url
        self._headers = revealed(settings.headers)
        self._encoding: Literal["proto", "json"] = encoding
        self._client = HttpClient(_options(settings))

    def send(self, batch: Batch, timeout_s: float) -> Sent:
        """Send one batch; raises Retryable or Permanent."""
        url = self._url(batch.signal)
        return read_answer(self._client.send(url, batch, self._encoding, self._headers, timeout_s), url)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class HttpPoster:
    """Sends bodies that are no OTLP by POST."""

    def __init__(self, clock: Clock, settings: HttpClientSettings) -> None:
        """Makes the client; connections are opened by the first post. Raises ValueError for bad options or files."""
        self._clock = clock
        self._headers = revealed(settings.headers)
        self._client = HttpClient(_options(settings))

    def post(self, url: str, headers: Sequence[tuple[str, str]], body: bytes, timeout_s: float) -> None:
        """Send a body as it is; raises Retryable (no answer, 429, 5xx) or Permanent."""
        try:
            status, answer, text = self._client.request("POST", url, [*headers, *self._headers], body, timeout_s)
        except (TimeoutError, ConnectionError) as error:
            raise Retryable(f"{without_userinfo(url)}: {error}") from error
        if status < 300:
            return
        shown = text[:_MAX_SHOWN].decode(errors="replace").strip()
        message = f"{without_userinfo(url)}: HTTP {status}: {shown}"
        if status == 429 or status >= 500:
            raise Retryable(message, after_s=retry_after(answer.get("retry-after", ""), self._clock.time_ns() / 1e9))
        raise Permanent(f"{message} ({_HINTS[status]})" if status in _HINTS else message)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def retry_after(text: str, now_s: float) -> float | None:
    """A Retry-After header: seconds, or a date seen from `now_s`, of which one in the past means at once."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now_s, 0)
    except ValueError:
        return None


def read_answer(result: SendResult, url: str) -> Sent:
    """What an HTTP status means for the data; raises Retryable or Permanent."""
    if result.ok:
        return Sent(result.rejected, result.message)
    code = result.code
    text = f"{without_userinfo(url)}: {f'HTTP {code}: ' if code else ''}{result.message}"
    if code in _RETRYABLE:
        raise Retryable(text, after_s=result.retry_after_s)
    if code == _TOO_LARGE:
        raise TooLarge(text)
    raise Permanent(f"{text} ({_HINTS[code]})" if code in _HINTS else text)


def without_userinfo(url: str) -> str:
    """A URL as it may be logged: without the user and password that some put into it."""
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _options(settings: HttpClientSettings) -> bytes:
    options: dict[str, Any] = {
        "tls": tls_options(settings.tls),
        "compression": settings.compression or "none",
        "compression_level": settings.compression_params.level,
        "max_idle_conns": settings.max_idle_conns,
        "max_idle_conns_per_host": settings.max_idle_conns_per_host,
        "max_conns_per_host": settings.max_conns_per_host,
        "idle_conn_timeout_s": settings.idle_conn_timeout,
        "disable_keep_alives": settings.disable_keep_alives,
        "proxy_url": settings.proxy_url or None,
    }
    if settings.read_buffer_size:
        options["read_buffer_bytes"] = settings.read_buffer_size
    return json.dumps(options).encode()
