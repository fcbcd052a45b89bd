"""Format: text from a template with Go's verbs, after the documentation of Go's package fmt.

A wrong verb or number of arguments is no error: it is written into the text, as Go does, such as `%!d(string=x)`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..values import Value
from .go_verbs import Flags, formatted, type_of
from .registry import converter

_WIDTH_MAX = 10**6
_VERB = re.compile(r"%([+\-# 0]*)(?:\[(-?\d+)\])?(\d+|\*)?(?:\.(\d+|\*)?)?(?:\[(-?\d+)\])?(.)?", re.DOTALL)


@converter("Format")
def format_text(formatString: str, formatArguments: list[Value]) -> str:  # noqa: N803
    """Values in the places of a template's verbs, such as `%s`, `%d`, `%5.1f`, `%v`."""
    arguments = _Arguments(formatArguments)
    text = _VERB.sub(arguments.place, formatString)
    return text + arguments.extra()


@dataclass(slots=True)
class _Arguments:
    """Values that verbs take, one after the other or by number."""

    values: Sequence[Value]
    used: int = 0
    reordered: bool = False
    bad_index: bool = False

    def place(self, match: re.Match[str]) -> str:
        flags, first, width, precision, second, verb = match.groups()
        if verb is None:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        self.bad_index = False
        # An index in front of `*` chooses the width; else it stands for the value, wherever Go allows it.
        self.go_to(first)
        wide, trouble = self.number(width, "WIDTH")
        exact, more = self.number(precision, "PREC")
        if "." in match[0] and precision is None and not match[0].endswith("."):
            exact = 0
        self.go_to(second)
        if self.bad_index:
            return f"%!{verb}(BADINDEX)"
        if self.used >= len(self.values):
            return f"{trouble}{more}%!{verb}(MISSING)"
        value = self.values[self.used]
        self.used += 1
        minus = "-" in flags or (wide or 0) < 0
        style = Flags(
            minus, "+" in flags, "#" in flags, " " in flags, "0" in flags and not minus, abs(wide or 0), exact
        )
        return trouble + more + formatted(value, verb, style)

    def go_to(self, number: str | None) -> None:
        if number is None:
            return
        self.reordered = True
        index = int(number) - 1
        self.bad_index = not 0 <= index < len(self.values)
        self.used = index if not self.bad_index else self.used

    def number(self, text: str | None, name: str) -> tuple[int | None, str]:
        """A width or precision, from the template or for `*` from the arguments; and what to write if it is none."""
        if not text:
            return None, ""
        value: Value = int(text) if text != "*" else self.values[self.used] if self.used < len(self.values) else None
        self.used += text == "*"
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _WIDTH_MAX:
            return None, f"%!(BAD{name})"
        return value, ""

    def extra(self) -> str:
        if self.reordered or self.used >= len(self.values):
            return ""
        rest = (
            "<nil>" if value is None else f"{type_of(value)}={formatted(value, 'v', Flags())}"
            for value in self.values[self.used :]
        )
        return f"%!(EXTRA {', '.join(rest)})"
