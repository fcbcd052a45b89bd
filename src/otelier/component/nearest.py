"""The word that somebody meant."""

import difflib
from collections.abc import Iterable

_LISTED_MAX = 30


def nearest(word: str, words: Iterable[str]) -> str:
    """The nearest of `words`, also where only case, `_` and `-` differ; empty if none is near."""
    choices = list(words)
    if near := difflib.get_close_matches(word, choices, n=1, cutoff=0.6):
        return near[0]
    return {_folded(choice): choice for choice in choices}.get(_folded(word), "")


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A hint: the nearest of `words`, or all of them if none is near; empty if there are none."""
    choices = list(words)
    if near := nearest(word, choices):
        return f"did you mean `{near}`?"
    if not choices or len(choices) > _LISTED_MAX:
        return ""
    listed = ", ".join(f"`{choice}`" for choice in choices)
    return f"there are {listed}" if len(choices) > 1 else f"there is only {listed}"


def _folded(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")
