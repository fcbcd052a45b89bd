"""Which series an expression is about in the end: names of recorded metrics are followed to what was recorded.

So a query or an alert about a recorded series leads to the exemplars of the series that it was made from.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from .errors import BadQuery
from .promql import parse
from .promql.ast import NAME, Expression, Matcher, Selector, children
from .promql.matchers import predicate
from .re2 import escaped
from .rules_state import RuleGroup

Matchers: TypeAlias = tuple[Matcher, ...]


class Recordings:
    """The recording rules of a tenant."""

    def __init__(self, groups: Iterable[RuleGroup]) -> None:
        self._of: dict[str, list[str]] = {}
        self._parsed: dict[str, Expression] = {}
        for group in groups:
            for rule in group.rules:
                if rule.kind == "recording":
                    self._of.setdefault(rule.name, []).append(rule.query)

    def selectors(self, text: str, labels: Mapping[str, str] | None = None) -> list[Matchers]:
        """Of all series that the query is about, each once; `labels`: which they have where they have such labels.

        Raises BadQuery.
        """
        more = tuple(Matcher("=", name, value) for name, value in (labels or {}).items())
        return list(dict.fromkeys(self._followed(self._parse(text), more, frozenset())))

    def _followed(self, node: Expression, more: Matchers, seen: frozenset[str]) -> list[Matchers]:
        if not isinstance(node, Selector):
            return [found for child in children(node) for found in self._followed(child, more, seen)]
        plain = node.matchers + tuple(map(_if_there, more))
        found = [plain]
        for name in self._names(node.matchers) - seen:
            rest = (*more, *(each for each in node.matchers if each.label != NAME))
            for text in self._of[name]:
                with suppress(BadQuery):  # a rule in another language than PromQL
                    found += self._followed(self._parse(text), rest, seen | {name})
        return found

    def _parse(self, text: str) -> Expression:
        if text not in self._parsed:
            self._parsed[text] = parse(text)
        return self._parsed[text]

    def _names(self, matchers: Sequence[Matcher]) -> set[str]:
        """Of the recorded metrics that may be meant."""
        named = [predicate(each) for each in matchers if each.label == NAME]
        return {name for name in self._of if named and all(fits(name) for fits in named)}


def _if_there(matcher: Matcher) -> Matcher:
    """Series without the label fit, too; what says what a label is not stays as it is."""
    match matcher.operator:
        case "=":
            return Matcher("=~", matcher.label, f"{escaped(matcher.value)}|")
        case "=~":
            return Matcher("=~", matcher.label, f"(?:{matcher.value})|")
        case _:
            return matcher
