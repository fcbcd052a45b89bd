"""Matchers of alerts, as Alertmanager writes them: `severity="page"`, `service=~"a|b"`, `team!=x`."""

import re
from collections.abc import Iterable, Mapping
from typing import cast

from ...component.go_text import BadEscape, unescaped
from ...query.promql.ast import Matcher, MatchOperator
from ...query.promql.matchers import predicate
from ...wire.prometheus.pattern import BadPattern

_MATCHER = re.compile(r'\s*("(?:\\.|[^"\\])*"|[^\s=!~"{},]+)\s*(=~|!~|!=|=)\s*(.*?)\s*\Z', re.DOTALL)


class BadMatcher(ValueError):  # noqa: N818 - says what is wrong
    """A text is no matcher."""


class Matchers:
    """All have to fit. Raises BadMatcher."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.parsed = [parse_matcher(text) for text in texts]
        try:
            self._tests = [(each.label, predicate(each)) for each in self.parsed]
        except BadPattern as error:
            raise BadMatcher(f"not a regular expression of RE2: {error}") from None

    def fit(self, labels: Mapping[str, str]) -> bool:
        """A label that isn't there is empty."""
        return all(test(labels.get(name, "")) for name, test in self._tests)


def parse_matcher(text: str) -> Matcher:
    """Raises BadMatcher."""
    match = _MATCHER.match(text)
    if match is None:
        raise BadMatcher(f'{text!r} is no matcher; write label="value", with =, !=, =~ or !~')
    name, operator, value = match.groups()
    return Matcher(cast('MatchOperator', operator), _unquoted(name), _unquoted(value))


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return unescaped(text[1:-1])
        except BadEscape as error:
            raise BadMatcher(str(error)) from None
    return text
