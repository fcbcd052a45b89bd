"""Matchers of alerts as Alertmanager writes them: `severity="page"`, `service=~"a|b"`, `team!=x`."""

import re
from dataclasses import dataclass
from functools import lru_cache

from ...component.go_text import BadEscape, unescaped
from .pattern import BadPattern, Pattern

_MATCHER = re.compile(r'\s*("(?:\\.|[^"\\])*"|[^\s=!~"{},]+)\s*(=~|!~|!=|=)\s*(.*?)\s*\Z', re.DOTALL)


class BadMatcher(ValueError):  # noqa: N818 - says what is wrong
    """A text is no matcher."""


@dataclass(frozen=True, slots=True)
class AlertMatcher:
    """One of them; regular expressions are RE2 and fit whole values."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def fits(self, value: str) -> bool:
        """A label that isn't there is empty."""
        return (_pattern(self.value).fits(value) if self.regex else value == self.value) == self.equal

    def check(self) -> "AlertMatcher":
        """Itself. Raises BadMatcher."""
        if self.regex:
            try:
                _pattern(self.value)
            except BadPattern as error:
                raise BadMatcher(f"{self.value!r} is no regular expression of RE2: {error}") from None
        return self


@lru_cache(maxsize=1024)
def _pattern(text: str) -> Pattern:
    """Compiling takes much longer than matching. Raises BadPattern."""
    return Pattern(text)


def alert_matcher(text: str) -> AlertMatcher:
    """Raises BadMatcher."""
    match = _MATCHER.match(text)
    if match is None:
        raise BadMatcher(f'{text!r} is no matcher; write label="value", with =, !=, =~ or !~')
    name, operator, value = match.groups()
    return AlertMatcher(_unquoted(name), _unquoted(value), "~" in operator, operator[0] == "=").check()


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return unescaped(text[1:-1])
        except BadEscape as error:
            raise BadMatcher(str(error)) from None
    return text
