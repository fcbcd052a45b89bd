"""Converters of addresses: IsInCIDR, CommunityID, URL."""

import base64
import hashlib
import ipaddress
import re
import struct
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import unquote

from ..values import OttlError, Value
from .registry import converter

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_PROTOCOLS = {"ICMP": 1, "TCP": 6, "UDP": 17, "RSVP": 46, "ICMP6": 58, "SCTP": 132}
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")


def _address(text: str) -> _Address:
    """An IPv4 address inside an IPv6 one is the IPv4 address. Raises ValueError."""
    address = ipaddress.ip_address(text)
    return (address.version == 6 and address.ipv4_mapped) or address


@lru_cache(1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    if "/" not in text:
        raise ValueError("no prefix length")
    return ipaddress.ip_network(text, strict=False)


@converter("IsInCIDR")
def is_in_cidr(target: str, networks: list[str]) -> bool:
    """Is an address in one of these networks? What is no address is in none."""
    try:
        ranges = [_network(network) for network in networks]
    except ValueError as error:
        raise OttlError(f"IsInCIDR takes networks such as 10.0.0.0/8: {error}") from None
    try:
        address = _address(target)
    except ValueError:
        return False
    return any(address.version == network.version and address in network for network in ranges)


@converter("CommunityID")
def community_id(
    sourceIP: str,  # noqa: N803
    sourcePort: int,  # noqa: N803
    destinationIP: str,  # noqa: N803
    destinationPort: int,  # noqa: N803
    protocol: str = "TCP",
    seed: int = 0,
) -> str:
    """The hash of a flow, the same for both directions (Community ID flow hashing, version 1)."""
    for name, number in (("source port", sourcePort), ("destination port", destinationPort), ("seed", seed)):
        if not 0 <= number <= 0xFFFF:
            raise OttlError(f"the {name} is from 0 to 65535, not {number}")
    if protocol not in _PROTOCOLS:
        raise OttlError(f"CommunityID knows {', '.join(_PROTOCOLS)}, not {protocol!r}")
    try:
        ends = (_address(sourceIP).packed, sourcePort), (_address(destinationIP).packed, destinationPort)
    except ValueError as error:
        raise OttlError(f"CommunityID takes two IP addresses: {error}") from None
    (first, port), (second, other) = sorted(ends)
    flow = struct.pack(">H", seed) + first + second + struct.pack(">BxHH", _PROTOCOLS[protocol], port, other)
    return "1:" + base64.b64encode(hashlib.sha1(flow, usedforsecurity=False).digest()).decode()


@converter("URL")
def url(url_string: str) -> dict[str, Value]:
    """Its parts under `url.` names: original, scheme, domain and path always, the others if there are any."""
    if not url_string:
        raise OttlError("URL got an empty string")
    rest, _, fragment = url_string.partition("#")
    original = url_string if fragment else rest
    scheme = ""
    if found := _SCHEME.match(rest):
        scheme, rest = found[1].lower(), rest[found.end() :]
    rest, _, query = rest.partition("?")
    parts: dict[str, Value] = {"url.original": original, "url.scheme": scheme, "url.domain": "", "url.path": ""}
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        parts |= _authority(authority)
        parts["url.path"] = slash + path
    elif not scheme or rest.startswith("/"):
        parts["url.path"] = rest
    if _BAD_ESCAPE.search(parts["url.path"]) or _BAD_ESCAPE.search(fragment):
        raise OttlError(f"{url_string!r} has a % without two hexadecimal digits behind it")
    parts["url.path"] = unquote(parts["url.path"])
    _, dot, extension = parts["url.path"].rpartition(".")
    optional = {"url.query": query, "url.fragment": unquote(fragment), "url.extension": extension if dot else ""}
    return parts | {key: text for key, text in optional.items() if text}


def _authority(text: str) -> dict[str, Value]:
    info, at, host = text.rpartition("@")
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%\w]+\]|[^\[\]:\s<>\"]*)(?::(\d*))?", host)
    if not found:
        raise OttlError(f"{host!r} is no host with an optional port")
    parts: dict[str, Value] = {"url.domain": found[1].strip("[]")}
    if found[2]:
        parts["url.port"] = int(found[2])
    if at:
        name, _, password = info.partition(":")
        optional = {"url.user_info": info, "url.username": unquote(name), "url.password": unquote(password)}
        parts |= {key: text for key, text in optional.items() if text}
    return parts
