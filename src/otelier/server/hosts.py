"""Which `Host` a request may name.

A page of a stranger can make its own name point at this machine and read what a server on loopback answers (DNS
rebinding); the browser then sends that stranger's name as `Host`. So a server answers only to names that no stranger
can own: IP addresses, names without a dot, `*.localhost`, this machine's name, the endpoint's, and those configured.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any


class HostCheck:
    """Knows the names that a server answers to."""

    def __init__(self, endpoint_host: str, allowed: Iterable[str] = ()) -> None:
        """`allowed`: further names; one that begins with `*.` stands for all names below it, `*` alone for any."""
        names = {name.lower().rstrip(".") for name in allowed}
        self._any = "*" in names
        self._below = (".localhost", *(name[1:] for name in names if name.startswith("*.")))
        self._names = names | {endpoint_host.lower(), socket.gethostname().lower()}

    def options(self) -> dict[str, Any]:
        """What the native server needs to know to admit no more than this does."""
        return {"any": self._any, "names": sorted(self._names), "below": self._below}

    def admits(self, header: str) -> bool:
        """Whether this `Host` (with or without port) is one of ours; an empty one is: browsers always send it."""
        host = _without_port(header).lower().rstrip(".")
        if self._any or not host or host in self._names or host.endswith(self._below):
            return True
        return "." not in host if not _is_ip(host) else True


def is_loopback(header: str) -> bool:
    """Whether this `Host` names the machine itself, so that the asker most likely sits on it."""
    host = _without_port(header).lower()
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _without_port(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
