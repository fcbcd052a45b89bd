"""Label matchers as predicates. Regular expressions are RE2, anchored at both ends, as everywhere in Prometheus."""

from collections.abc import Callable
from functools import lru_cache

import re2  # pyright: ignore[reportMissingTypeStubs]

from .ast import Matcher


def predicate(matcher: Matcher) -> Callable[[str], bool]:
    """Whether a label's value fits; a series without the label has an empty one. Raises re2.error."""
    wanted = matcher.value
    match matcher.operator:
        case "=":
            return lambda value: value == wanted
        case "!=":
            return lambda value: value != wanted
        case "=~":
            found = _compiled(wanted)
            return lambda value: found(value)
        case "!~":
            found = _compiled(wanted)
            return lambda value: not found(value)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Callable[[str], bool]:
    compiled = anchored(pattern)
    return lambda value: compiled.match(value.encode(errors="surrogateescape")) is not None


def anchored(pattern: str):  # noqa: ANN201 - re2 has no types
    """The compiled expression over bytes; `match` answers only for the whole text. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    return re2.compile(b"^(?s:" + pattern.encode(errors="surrogateescape") + b")\\z", options)
