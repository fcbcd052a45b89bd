"""What is wrong with a LogQL text, and where."""

from ...component.position import line_and_column
from ..errors import BadQuery


class LogqlError(BadQuery):
    """A text isn't LogQL, or asks for what this one can't. `at`: characters from its beginning."""

    def __init__(self, text: str, at: int, message: str) -> None:
        line, column = line_and_column(text, at)
        super().__init__(f"parse error at line {line}, col {column}: {message}")
        self.at = at
        self.message = message


class PipelineError(BadQuery):
    """A metric query met lines that a stage could not read."""

    def __init__(self, error: str, details: str) -> None:
        super().__init__(
            f"pipeline error: {error}: {details or 'a line is not what the stage reads'}; "
            'leave such lines out by adding `| __error__=""` behind that stage'
        )
