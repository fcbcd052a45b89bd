"""Label matchers as predicates."""

from collections.abc import Callable
from functools import lru_cache

from ...wire.prometheus.pattern import BadPattern, Pattern
from .ast import Matcher

__all__ = ["BadPattern", "Pattern", "predicate"]


def predicate(matcher: Matcher) -> Callable[[str], bool]:
    """Whether a label's value fits; a series without the label has an empty one. Raises BadPattern."""
    wanted = matcher.value
    match matcher.operator:
        case "=":
            return lambda value: value == wanted
        case "!=":
            return lambda value: value != wanted
        case "=~":
            return _compiled(wanted).fits
        case "!~":
            fits = _compiled(wanted).fits
            return lambda value: not fits(value)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Pattern:
    return Pattern(pattern)
