"""Messages between the one who asks and the process of the query: MessagePack behind its length (8 bytes)."""

from typing import IO, Any

import msgspec

_LENGTH = 8


class TooLong(Exception):  # noqa: N818
    """Nothing of the message was sent."""


def send(stream: IO[bytes], message: object, max_bytes: int = 2**63) -> None:
    """Raises TooLong, and OSError where nobody reads any more."""
    body = msgspec.msgpack.encode(message)
    if len(body) > max_bytes:
        raise TooLong
    stream.write(len(body).to_bytes(_LENGTH, "little"))
    stream.write(body)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Raises EOFError where nobody writes any more."""
    length = stream.read(_LENGTH)
    body = stream.read(int.from_bytes(length, "little")) if len(length) == _LENGTH else b""
    if len(length) < _LENGTH or len(body) < int.from_bytes(length, "little"):
        raise EOFError
    return msgspec.msgpack.decode(body)
