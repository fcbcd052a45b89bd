"""A selector of series or targets without any query around it: `name{label="value", other=~"a|b"}`."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..wire.prometheus.pattern import BadPattern, Pattern

Matcher: TypeAlias = tuple[str, str, str]
"""Label, one of = != =~ !~, value."""

_SELECTOR = re.compile(r"\s*([a-zA-Z_:][\w:]*)?\s*(?:\{(.*)\})?\s*", re.ASCII | re.DOTALL)
_MATCHER = re.compile(r'\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*|$)', re.ASCII)


def matchers(text: str) -> list[Matcher]:
    """Raises ValueError for what is no selector."""
    wrong = ValueError(f'{text!r} is no selector: write name{{label="value"}}')
    whole = _SELECTOR.fullmatch(text)
    if not whole:
        raise wrong
    name, inside = whole[1], (whole[2] or "").strip()
    found: list[Matcher] = [("__name__", "=", name)] if name else []
    at = 0
    while at < len(inside):
        one = _MATCHER.match(inside, at)
        if not one:
            raise wrong
        value = re.sub(r"\\(.)", r"\1", one[3])
        if "~" in one[2]:
            _pattern(value)
        found.append((one[1], one[2], value))
        at = one.end()
    return found


def fits(given: list[Matcher]) -> Callable[[Mapping[str, str]], bool]:
    """Whether labels fit all of them; a label that is not there is empty."""
    tests = [(name, _test(operator, value)) for name, operator, value in given]
    return lambda labels: all(test(labels.get(name, "")) for name, test in tests)


def _test(operator: str, value: str) -> Callable[[str], bool]:
    if operator in ("=", "!="):
        return lambda given: (given == value) == (operator == "=")
    pattern = _pattern(value)
    return lambda given: pattern.fits(given) == (operator == "=~")


def _pattern(value: str) -> Pattern:
    try:
        return Pattern(value)
    except BadPattern as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
