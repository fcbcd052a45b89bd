"""Messages between the one who asks and the process of the query: MessagePack behind its length (8 bytes)."""

from typing import IO, Any

import msgspec

_LENGTH = 8


def send(stream: IO[bytes], message: object) -> None:
    """Raises OSError where nobody reads any more."""
    body = msgspec.msgpack.encode(message)
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
