"""What can be wrong with a question, or with the moment at which it is asked."""

from ..component import OtelierError


class BadQuery(OtelierError):  # noqa: N818 - says what is wrong
    """The question makes no sense, or asks for more than a limit allows; asking again will not help."""


class Busy(OtelierError):  # noqa: N818
    """Too many questions at once; this one may be asked again after `after_s` seconds."""

    def __init__(self, message: str, after_s: int = 1) -> None:
        super().__init__(message)
        self.after_s = after_s


class Abandoned(OtelierError):  # noqa: N818
    """Nobody waits for the answer any more, so it was not made."""


class TooLarge(OtelierError):  # noqa: N818
    """The answer is larger than what one answer may be."""


class StoreUnreadable(OtelierError):  # noqa: N818
    """The store's files can't be read; the text says which and why."""


def check_text(query: object, language: str) -> None:
    """Raises TypeError."""
    if not isinstance(query, str):
        raise TypeError(f"a query in {language} is a text (str), not {type(query).__name__}: {query!r:.100}")
