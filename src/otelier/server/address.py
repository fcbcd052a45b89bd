"""Where a server listens: reads an `endpoint` such as `localhost:4317`, `:4317` (all addresses) or `[::1]:4317`."""

import ipaddress
import re
from typing import NamedTuple

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}\Z")
_MAX_PORT = 65535


class Address(NamedTuple):
    """A host and port to bind."""

    host: str
    """A name or a bare IP address (no brackets); empty: all addresses, IPv6 and IPv4."""
    port: int
    """0: any free port."""

    @classmethod
    def parse(cls, endpoint: str) -> "Address":
        """Raises ValueError with what is wrong and what would be right."""
        text = endpoint.strip()
        if not text:
            raise ValueError("is empty; write host:port, such as localhost:4317")
        if "://" in text:
            raise ValueError(f"{text!r} is a URL; a server needs host:port only, such as localhost:4317")
        if "," in text:
            raise ValueError(f"{text!r} is a list; a server listens at one host:port")
        host, colon, port = text.rpartition(":")
        if not colon or not port or _is_ipv6(text):
            example = f"[{text}]:4317" if _is_ipv6(text) else f"{host or text}:4317"
            raise ValueError(f"{text!r} has no port; write host:port, such as {example}")
        if not port.isascii() or not port.isdigit() or int(port) > _MAX_PORT:
            raise ValueError(f"{text!r}: the port must be a number from 0 to {_MAX_PORT}, not {port!r}")
        return cls(_host(text, host), int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.partition("%")[0]).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _host(text: str, host: str) -> str:
    if host.startswith("["):
        bare = host[1:-1]
        if not host.endswith("]") or not _is_ipv6(bare):
            raise ValueError(f"{text!r}: {host} is not an IPv6 address in brackets, such as [::1]")
        return bare
    if host and not _HOST.match(host):
        raise ValueError(f"{text!r}: {host!r} is not a host name or IP address")
    if host.rpartition(".")[2].isdigit():  # no top-level domain is a number, so this means an IPv4 address
        try:
            ipaddress.IPv4Address(host)
        except ValueError as error:
            raise ValueError(f"{text!r}: {host} is not an IPv4 address") from error
    return host


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return False
    return True
