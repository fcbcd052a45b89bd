"""Regular expressions of RE2's syntax, in time linear in the text whatever the pattern."""

from functools import lru_cache

from ..._core import Pattern
from .words import Words


@lru_cache(maxsize=512)
def found_in(pattern: str) -> Pattern:
    """Matches anywhere. Raises ValueError."""
    return Pattern(pattern)


@lru_cache(maxsize=512)
def whole(pattern: str) -> Pattern:
    """Matches the whole text, as label matchers do. Raises ValueError."""
    return Pattern(anchored(pattern))


def anchored(pattern: str) -> str:
    """The pattern for the whole text."""
    return f"^(?s:{pattern})$"


def check(words: Words, at: int, pattern: str) -> None:
    """Raises LogqlError for what is no pattern."""
    try:
        found_in(pattern)
    except ValueError as error:
        words.fail(str(error), at)
