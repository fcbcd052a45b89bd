"""The word that somebody meant."""

import difflib
from collections.abc import Iterable

_LISTED_MAX = 30


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A hint: the nearest of `words`, or all of them if none is near; empty if there are none."""
    choices = list(words)
    if near := difflib.get_close_matches(word, choices, n=1, cutoff=0.6):
        return f"did you mean `{near[0]}`?"
    folded = {choice.lower().replace("_", "").replace("-", ""): choice for choice in choices}
    if same := folded.get(word.lower().replace("_", "").replace("-", "")):
        return f"did you mean `{same}`?"
    if not choices or len(choices) > _LISTED_MAX:
        return ""
    listed = ", ".join(f"`{choice}`" for choice in choices)
    return f"there are {listed}" if len(choices) > 1 else f"there is only {listed}"
