"""Requests that another server answers: the native server hands them on as they came, and its answers back."""

from dataclasses import asdict, dataclass
from typing import Any

from .hosts import HostCheck


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a request may be by its headers, else it is answered 415, whatever its body is. Empty: anything."""

    content_types: tuple[str, ...] = ()
    """Without parameters, in lower case; "" where a request need not name one, as below."""
    encodings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PassedOn:
    """Which ones, and to whom.

    A POST that names another host than ours, or an `Origin`, comes to the handler like all others, to be refused or
    sent on. If nobody answers, the answer is 503.
    """

    paths: dict[str, Accepts]
    endpoint: str
    """`host:port`."""
    name: str
    """Who that is, in the 503."""
    headers: dict[str, str]
    """Set in each request, whatever the client says of them."""
    timeout_s: float
    max_connections: int
    """To it at once; further requests wait."""
    hosts: HostCheck

    def options(self) -> dict[str, Any]:
        """As the native server takes them."""
        own = ("endpoint", "name", "headers", "timeout_s", "max_connections")
        paths = {path: asdict(accepts) for path, accepts in self.paths.items()}
        return {**{name: getattr(self, name) for name in own}, "paths": paths, "hosts": self.hosts.options()}
