"""Keys that every server has, over gRPC or HTTP, with the Collector's names."""

from collections.abc import Iterable, Iterator
from typing import Literal

from ..component import Config
from .address import Address
from .tls import TlsServerSettings


class AuthSettings(Config):
    """`auth`: which extension decides who may send."""

    authenticator: str
    """Id of an extension that authenticates."""
    request_params: tuple[str, ...] = ()
    """Query parameters that the authenticator may read."""


class ServerSettings(Config):
    """What gRPC and HTTP servers have in common."""

    endpoint: str
    """`host:port` to listen at; without a host: all addresses. `localhost` is reached from this machine only."""
    transport: Literal["tcp", "tcp4", "tcp6"] = "tcp"
    """Kind of socket."""
    tls: TlsServerSettings | None = None
    """Speak TLS; plain text without it."""
    include_metadata: bool = False
    """Let request headers travel with the data as client metadata."""
    auth: AuthSettings | None = None
    """Let an extension decide who may send."""
    middlewares: tuple[object, ...] = ()
    """Extensions that see each request."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """An endpoint that can't be one, and what is not there yet."""
        try:
            Address.parse(self.endpoint)
        except ValueError as error:
            yield "endpoint", str(error)
        if self.auth:
            yield "auth", "there is no extension that authenticates yet; remove the key, or use tls.client_ca_file"
        if self.middlewares:
            yield "middlewares", "there are no middleware extensions; remove the key"

    @property
    def address(self) -> Address:
        """Where to listen. Raises ValueError."""
        return Address.parse(self.endpoint)

    def warnings(self) -> Iterator[str]:
        """What is allowed but should be known."""
        if not self.address.is_loopback and not self.auth and not (self.tls and self.tls.client_ca_file):
            where = "all addresses of this machine" if self.address.host in ("", "0.0.0.0", "::") else self.endpoint  # noqa: S104
            yield (
                f"anyone who reaches {where} can send data: "
                "use localhost, or client certificates (tls.client_ca_file), or a firewall"
            )
