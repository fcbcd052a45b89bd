"""What is wrong with a TraceQL text, where, and what was probably meant."""

from ...component.position import line_and_column
from ..errors import BadQuery


class TraceqlError(BadQuery):
    """`offset`: characters from the beginning; `line` and `column` count from 1; `hint` may be empty."""

    def __init__(self, text: str, offset: int, message: str, hint: str = "") -> None:
        self.offset = offset
        self.line, self.column = line_and_column(text, offset)
        self.message = message
        self.hint = hint
        super().__init__(f"line {self.line}, column {self.column}: {message}" + (f"; {hint}" if hint else ""))


def meant(form: str) -> str:
    """A hint that tells the right form. Without back-quotes: in TraceQL they are quotes."""
    return f"did you mean {form}?" if form else ""
