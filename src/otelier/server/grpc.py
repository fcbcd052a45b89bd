"""Keys of gRPC servers, with the Collector's names and defaults."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ..component import Config, Duration
from .settings import ServerSettings

_KIB = 1024


class KeepaliveServerParameters(Config):
    """`keepalive.server_parameters`: how long connections live, and how dead ones are found. 0 = never."""

    max_connection_idle: Duration = Duration(0)
    """Close a connection without requests after this time."""
    max_connection_age: Duration = Duration(0)
    """Tell a client to connect anew after this time, give or take a tenth, so that load spreads over backends."""
    max_connection_age_grace: Duration = Duration(0)
    """Then wait this long for requests under way; 0 = until they end."""
    time: Duration = Duration(2 * 3600)
    """Ping a silent client after this time."""
    timeout: Duration = Duration(20)
    """Close the connection if no answer to the ping comes within this time."""


class KeepaliveEnforcementPolicy(Config):
    """`keepalive.enforcement_policy`: accepted without effect; pings cost little, and floods of them are cut off."""

    min_time: Duration = Duration(5 * 60)
    """Accepted without effect."""
    permit_without_stream: bool = False
    """Accepted without effect: always allowed."""


class KeepaliveServerSettings(Config):
    """`keepalive`."""

    server_parameters: KeepaliveServerParameters = KeepaliveServerParameters()
    """Ages and pings of connections."""
    enforcement_policy: KeepaliveEnforcementPolicy = KeepaliveEnforcementPolicy()
    """Accepted without effect."""


class GrpcServerSettings(ServerSettings):
    """A gRPC server."""

    max_recv_msg_size_mib: Annotated[int, Meta(ge=0)] = 0
    """Largest request after decompression, in MiB; 0 = 4."""
    max_concurrent_streams: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    """Most requests at once on one connection; 0 = 100."""
    read_buffer_size: Annotated[int, Meta(ge=0)] = 512 * _KIB
    """Accepted without effect: buffers are sized by the transport."""
    write_buffer_size: Annotated[int, Meta(ge=0)] = 0
    """Accepted without effect: buffers are sized by the transport."""
    keepalive: KeepaliveServerSettings = KeepaliveServerSettings()
    """Ages and pings of connections."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Those of every server, and times below zero."""
        yield from super().problems()
        for group in ("server_parameters", "enforcement_policy"):
            struct = getattr(self.keepalive, group)
            for key in struct.__struct_fields__:
                if getattr(struct, key) < 0:
                    yield f"keepalive.{group}.{key}", "must not be negative"
