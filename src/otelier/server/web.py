"""What every answer to a browser gets: a check of `Host`, security headers, compression where it pays."""

import zlib
from dataclasses import replace

from .._core import Body, HttpRequest
from .endpoint import Answer, Response, Stream, Upgrade
from .hosts import HostCheck, is_loopback
from .router import Router

SECURITY_HEADERS: tuple[tuple[str, str], ...] = (
    (
        "content-security-policy",
        "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
)

_PACKET = 1400
"""Bytes; what fits into one packet arrives no sooner compressed."""
_LEVEL = 1
_GZIP = 16 + zlib.MAX_WBITS


class Web:
    """A handler for an HttpEndpoint: routes behind the rules of a server that browsers reach."""

    def __init__(self, router: Router, hosts: HostCheck) -> None:
        self._router = router
        self._hosts = hosts

    def __call__(self, request: HttpRequest) -> Answer:
        """Answer a request."""
        headers = request.headers
        host = headers.get("host", "")
        if not self._hosts.admits(host):
            return Response(
                421,
                (("content-type", "text/plain; charset=utf-8"), *SECURITY_HEADERS),
                f"this server does not answer to the name {host[:260]!r}; "
                "if it is yours, add it to allowed_hosts in the configuration or to --allowed-hosts\n".encode(),
            )
        answer = self._router(request)
        given = {name.lower() for name, _ in answer.headers}
        more = tuple(header for header in SECURITY_HEADERS if header[0] not in given)
        if isinstance(answer, Stream):
            return replace(answer, headers=(*answer.headers, *more))
        if isinstance(answer, Upgrade):
            return answer
        body = answer.body
        if "content-encoding" not in given and _compresses(body, headers.get("accept-encoding", ""), host):
            body = compressed(bytes(body))
            more = (*more, ("content-encoding", "gzip"), ("vary", "accept-encoding"))
        return Response(answer.status, (*answer.headers, *more), body)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether `Accept-Encoding` names gzip and does not rule it out."""
    for part in accept_encoding.lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def compressed(body: bytes, level: int = _LEVEL) -> bytes:
    """As gzip."""
    packer = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


def _compresses(body: bytes | Body, accept_encoding: str, host: str) -> bool:
    """Compressing 1 MB takes longer than handing it over within one machine."""
    return len(body) > _PACKET and not is_loopback(host) and accepts_gzip(accept_encoding)
