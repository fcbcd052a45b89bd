"""Keys of HTTP servers, with the Collector's names and defaults."""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ..component import Config, Duration, Secret
from .settings import ServerSettings

DEFAULT_BODY_BYTES = 20 * 2**20
"""What `max_request_body_size: 0` means."""

Algorithm = Literal["", "gzip", "zstd", "zlib", "snappy", "x-snappy-framed", "deflate", "lz4"]


class CorsSettings(Config):
    """`cors`: which web pages may send from a browser. Closed unless origins are named."""

    allowed_origins: tuple[str, ...] = ()
    """Origins such as https://app.example.com; one `*` in each stands for any characters."""
    allowed_headers: tuple[str, ...] = ()
    """Request headers that pages may set besides the harmless ones; `*` = any."""
    exposed_headers: tuple[str, ...] = ()
    """Response headers that pages may read."""
    max_age: Annotated[int, Meta(ge=0)] = 0
    """Seconds for which a browser may remember the answer; 0 = its own default."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Patterns that can't match."""
        for origin in self.allowed_origins:
            if origin.count("*") > 1:
                yield "allowed_origins", f"{origin} has more than one *"


class HttpServerSettings(ServerSettings):
    """An HTTP server (HTTP/1.1 and HTTP/2)."""

    cors: CorsSettings | None = None
    """Which web pages may send."""
    max_request_body_size: Annotated[int, Meta(ge=0)] = 0
    """Largest body after decompression, in bytes; 0 = 20 MiB."""
    compression_algorithms: tuple[Algorithm, ...] = ("", "gzip", "zstd", "zlib", "snappy", "deflate", "lz4")
    """Content encodings that are taken; the empty one is no compression."""
    response_headers: dict[str, Secret] = msgspec.field(default_factory=dict[str, Secret])
    """Headers that every answer carries."""
    read_timeout: Duration = Duration(0)
    """Longest time to read a request with its body; 0 = as long as it flows."""
    read_header_timeout: Duration = Duration(0)
    """Longest time to read a request's header; 0 = 10s."""
    write_timeout: Duration = Duration(0)
    """Longest time from the header's end to the end of the answer; 0 = no limit."""
    idle_timeout: Duration = Duration(0)
    """Close a connection that waits this long for its next request; 0 = 2m."""
    keep_alives_enabled: bool = True
    """Keep connections open for further requests."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Those of every server, and times below zero."""
        yield from super().problems()
        for key in ("read_timeout", "read_header_timeout", "write_timeout", "idle_timeout"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"
