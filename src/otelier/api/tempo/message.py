"""What a client asks over gRPC: an encoded message of numbers, texts and maps of texts, by field number."""

from ...server.request import HttpError
from ...wire.protobuf import fields


class Message:
    """Fields that are not there are 0 or empty, as in protobuf."""

    def __init__(self, encoded: bytes) -> None:
        """Raises HttpError."""
        try:
            self._fields = list(fields(encoded))
            self._last = dict(self._fields)
        except ValueError as error:
            raise HttpError(400, f"can't decode the request: {error}") from error

    def number(self, number: int) -> int:
        """An unsigned number."""
        value = self._last.get(number, 0)
        return value if isinstance(value, int) else 0

    def text(self, number: int) -> str:
        """A `string`."""
        return _text(self._last.get(number, b""))

    def pairs(self, number: int) -> dict[str, str]:
        """A `map<string, string>`."""
        entries = [Message(value) for at, value in self._fields if at == number and isinstance(value, bytes)]
        return {each.text(1): each.text(2) for each in entries}


def _text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
