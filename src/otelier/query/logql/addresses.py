"""`ip("…")`: addresses in lines and labels.

Where an address may begin in a line, digits, dots and colons are taken together and read as one; what can't be read is
none. A word in which other characters touch the address, as in a version number, may hide it, as in Loki.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_BEGINS = re.compile(
    r"(?P<four>[0-9](?:\.(?=[\s\S]{2})|[\s\S]\.(?=[\s\S])|[\s\S]{2}\.))"
    r"|(?P<six>(?=[\s\S]{5})(?:::[0-9a-fA-F]|[0-9a-fA-F]{1,4}:))"
)
_FOUR = re.compile(r"[0-9.]*")
_SIX = re.compile(r"[0-9a-fA-F:.]*")


@lru_cache(maxsize=128)
def matcher(pattern: str) -> Callable[[Address], bool]:
    """Of one address, a network `10.0.0.0/8`, or a range `a-b`. Raises ValueError."""
    first, dash, last = pattern.partition("-")
    if dash:
        low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        if low.version != high.version or int(low) > int(high):
            raise ValueError(f"{pattern!r} is no range of addresses")
        return lambda address: address.version == low.version and int(low) <= int(address) <= int(high)
    if "/" in pattern:
        network = ipaddress.ip_network(pattern, strict=False)
        return lambda address: address.version == network.version and address in network
    wanted = ipaddress.ip_address(pattern)
    return lambda address: address == wanted


def found_in(pattern: str, text: str) -> bool:
    """Whether the text has such an address."""
    holds, at = matcher(pattern), 0
    while begins := _BEGINS.search(text, at):
        span = (_FOUR if begins["four"] else _SIX).match(text, begins.start())
        end = span.end() if span else begins.start()
        try:
            if holds(ipaddress.ip_address(text[begins.start() : end])):
                return True
        except ValueError:
            pass
        at = end + 1
    return False
