"""`pattern` and `regexp`, and the pattern of line filters: texts between the ones that stay the same."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from .line import Line
from .patterns import found_in
from .sanitize import label_of

_CAPTURE = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*)>")


class Cut:
    """A pattern as texts and names by turns, beginning and ending with a text, which may be empty."""

    def __init__(self, pattern: str) -> None:
        """Raises ValueError."""
        pieces = _CAPTURE.split(pattern)
        self.texts: Sequence[str] = pieces[::2]
        self.names: Sequence[str] = pieces[1::2]
        if any(not text for text in self.texts[1:-1]):
            raise ValueError("two names need a text between them")

    def values(self, line: str) -> list[tuple[str, str]]:
        """Names with what stands in their places, as far as the line goes along; an unfinished one has the rest."""
        if not line.startswith(self.texts[0]):
            return []
        rest, found = line[len(self.texts[0]) :], list[tuple[str, str]]()
        for name, text in zip(self.names, self.texts[1:], strict=True):
            value, behind, after = rest.partition(text) if text else (rest, "", "")
            if name != "_":
                found.append((name, value))
            if not behind:
                break
            rest = after
        return found

    def holds(self, line: str) -> bool:
        """Whether the whole line is like this; places are never empty."""
        if not line or not any((*self.texts, *self.names)):
            return not line and not any((*self.texts, *self.names))
        at = 0
        for number, text in enumerate(self.texts):
            if not text:
                continue
            found = line.find(text, at)
            if found < 0 or (number and found == at):
                return False
            at = found + len(text)
        return bool(self.names and not self.texts[-1]) == (at < len(line))


@lru_cache(maxsize=512)
def line_pattern(pattern: str) -> Cut:
    """Of `|>` and `!>`. Raises ValueError."""
    cut = Cut(pattern)
    if any(name != "_" for name in cut.names):
        raise ValueError("a line filter's pattern has no names, only <_>")
    return cut


def parser_pattern(pattern: str) -> Cut:
    """Of the stage `pattern`. Raises ValueError."""
    cut = Cut(pattern)
    names = [name for name in cut.names if name != "_"]
    if not names:
        raise ValueError("a pattern needs a name such as <method>")
    if len({*names}) < len(names):
        raise ValueError("each name may stand in a pattern once")
    return cut


def by_pattern(pattern: str) -> Callable[[Line], bool]:
    """The stage `pattern`."""
    cut = parser_pattern(pattern)

    def step(line: Line) -> bool:
        for name, value in cut.values(line.text):
            line.extract(name, value)
        return True

    return step


def regexp_names(pattern: str) -> Sequence[str]:
    """Labels of its groups; empty: of none. Raises ValueError."""
    names = found_in(pattern).names
    if not any(names):
        raise ValueError("at least one group needs a name, as in (?P<method>GET|POST)")
    return [label_of(name) for name in names]


def by_regexp(pattern: str) -> Callable[[Line], bool]:
    """The stage `regexp`."""
    names, compiled = regexp_names(pattern), found_in(pattern)

    def step(line: Line) -> bool:
        for name, value in zip(names, compiled.captures(line.text) or (), strict=False):
            if name:
                line.extract(name, value or "")
        return True

    return step
