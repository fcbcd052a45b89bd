"""A selector of series or targets without any query around it: `name{label="value", other=~"a|b"}`."""

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from .._core import Pattern as CorePattern
from ..component.go_text import unescaped
from ..wire.prometheus.pattern import BadPattern, Pattern

Matcher: TypeAlias = tuple[str, str, str]
"""Label, one of = != =~ !~, value."""

_QUOTED = r"""(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)"""
_SELECTOR = re.compile(r"\s*([a-zA-Z_:][\w:]*)?\s*(?:\{(.*)\})?\s*", re.ASCII | re.DOTALL)
_MATCHER = re.compile(
    rf"\s*(?:(?:([a-zA-Z_]\w*)|({_QUOTED}))\s*(=~|!~|!=|=)\s*({_QUOTED})|({_QUOTED}))\s*(?:,\s*|$)",
    re.ASCII | re.DOTALL,
)


def matchers(text: str) -> list[Matcher]:
    """Names of labels and of the metric may stand in quotes. Raises ValueError for what is no selector."""
    wrong = ValueError(f'{text!r} is no selector: write name{{label="value"}}')
    whole = _SELECTOR.fullmatch(text)
    if not whole:
        raise wrong
    metric, inside = whole[1], (whole[2] or "").strip()
    found: list[Matcher] = [("__name__", "=", metric)] if metric else []
    at = 0
    while at < len(inside):
        one = _MATCHER.match(inside, at)
        if not one:
            raise wrong
        name, quoted_name, operator, value, quoted_metric = one.groups()
        if quoted_metric:
            found.append(("__name__", "=", _meant(quoted_metric)))
        else:
            found.append((name or _meant(quoted_name), operator, _meant(value)))
            if "~" in operator:
                _pattern(found[-1][2])
        at = one.end()
    return found


def _meant(literal: str) -> str:
    quote, inside = literal[0], literal[1:-1]
    return inside if quote == "`" else unescaped(inside, quote)


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
        pattern = Pattern(value)
    except BadPattern as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from None
    # A deletion is carried out by the core, which has no \C: what it can't read must not be noted.
    for text in (value, f"^(?s:{value})\\z"):
        CorePattern(text)
    return pattern
