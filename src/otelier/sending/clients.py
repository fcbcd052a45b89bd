"""Keys that clients of any protocol share."""

import re
from collections.abc import Iterable, Mapping

from ..component import Config, Secret

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")


class CompressionParams(Config):
    """`compression_params`: how hard to compress."""

    level: int | None = None
    """The algorithm's own scale; its usual level if not given."""


class AuthSettings(Config):
    """`auth`: let an extension authenticate each request."""

    authenticator: str
    """Id of the extension."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """No such extension exists yet."""
        yield "authenticator", "no authenticator extension can be used yet; set the header under headers instead"


def check_compression(name: str, params: CompressionParams, allowed: Mapping[str, range]) -> Iterable[tuple[str, str]]:
    """Problems of `compression` and its level; `allowed` gives each algorithm's levels (empty: it has none)."""
    if name in ("", "none"):
        return
    if name not in allowed:
        yield "compression", f"must be one of none, {', '.join(allowed)}"
    elif params.level is not None and params.level not in allowed[name]:
        levels = allowed[name]
        scale = f"must be from {levels[0]} to {levels[-1]} for {name}" if levels else f"{name} has no levels"
        yield "compression_params.level", scale


def check_headers(headers: Mapping[str, Secret]) -> Iterable[tuple[str, str]]:
    """Problems of `headers`: what can't be sent."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            yield "headers", f"{name!r} is not a header's name"
        elif not _VALUE.fullmatch(value.reveal()):
            yield f"headers.{name}", "holds characters that a header can't carry, such as a line break"


def revealed(headers: Mapping[str, Secret]) -> list[tuple[str, str]]:
    """Headers as they go on the wire, names as written."""
    return [(name, value.reveal()) for name, value in headers.items()]
