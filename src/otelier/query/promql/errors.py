"""What can be wrong with a PromQL query, when it is read and when it runs."""

from ...component import OtelierError
from ...component.position import line_and_column
from ..errors import BadQuery


class ParseError(BadQuery):
    """A text isn't PromQL. `at`: characters from its beginning to where it went wrong."""

    def __init__(self, text: str, at: int, message: str) -> None:
        super().__init__(f"{place(text, at)}: parse error: {message}")
        self.at = at
        self.message = message


class ExecutionError(BadQuery):
    """A query that can be read, over data for which it has no answer."""


class TooManySamples(ExecutionError):  # noqa: N818 - says what is wrong
    """A query reads more samples than one query may."""


class QueryTimeout(OtelierError):  # noqa: N818 - says what happened
    """A query took longer than it may."""


def place(text: str, at: int) -> str:
    """`line:column`, both from 1, of a character of a text."""
    line, column = line_and_column(text, at)
    return f"{line}:{column}"
