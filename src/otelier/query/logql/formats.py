"""`line_format` and `label_format`: lines and labels made by Go's templates."""

import re
from collections.abc import Callable, Mapping

from ...ottl.values import Time
from ..templates.ast import Template
from ..templates.builtins import BUILTINS
from ..templates.errors import TemplateError
from ..templates.execute import Execution
from ..templates.functions import Function
from ..templates.parse import parse
from ..templates.values import StringMap
from .format_functions import FUNCTIONS
from .line import Line

_ERROR = "TemplateFormatErr"
_NO_TEXT = re.compile("[\ud800-\udfff]")
"""Bytes that are no UTF-8, where a function has cut a character."""
_OF_LINES = ("__line__", "__timestamp__")
_NAMES = frozenset({*BUILTINS, *FUNCTIONS, *_OF_LINES})


def template(text: str) -> Template:
    """Raises TemplateError."""
    return parse("line", text, _NAMES)


class _Filler:
    """Templates over one line after the other; `__line__` is the one that it is at."""

    def __init__(self) -> None:
        self._line = ""
        self._time_ns = 0
        self._functions: Mapping[str, Function] = {
            **BUILTINS,
            **FUNCTIONS,
            "__line__": Function(lambda: self._line),
            "__timestamp__": Function(lambda: Time(self._time_ns)),
        }

    def filled(self, made_from: Template, line: Line, labels: StringMap) -> str:
        """Raises TemplateError."""
        self._line, self._time_ns = line.text, line.record.time_ns
        running = Execution(made_from, self._functions)
        running.walk(made_from.nodes, labels)
        return _text(running.text())


def _text(made: str) -> str:
    return _NO_TEXT.sub("\ufffd", made)


def _fail(line: Line, error: TemplateError) -> None:
    line.fail(_ERROR, _text(str(error)))


def line_format(made_from: Template) -> Callable[[Line], bool]:
    """A line whose template fails stays as it is and says so."""
    filler = _Filler()

    def step(line: Line) -> bool:
        try:
            line.text = filler.filled(made_from, line, StringMap(line.labels()))
        except TemplateError as error:
            _fail(line, error)
        return True

    return step


def label_format(changes: tuple[tuple[str, str | Template], ...]) -> Callable[[Line], bool]:
    """One after the other. All templates see the labels that were there before the first of them."""
    filler = _Filler()

    def step(line: Line) -> bool:
        labels: StringMap | None = None
        for label, change in changes:
            if isinstance(change, str):
                if (value := line.find(change)) is not None:
                    line.put(label, value)
                    line.remove(change)
                continue
            if not labels:
                labels = StringMap(line.labels())
            try:
                line.put(label, filler.filled(change, line, labels))
            except TemplateError as error:
                _fail(line, error)
        return True

    return step
