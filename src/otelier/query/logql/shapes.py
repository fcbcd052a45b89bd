"""Patterns of lines: what many of them have in common, with `<_>` for what differs.

Lines are cut into words; words with digits in them, and texts in quotes behind `=`, differ by their nature. Lines with
as many words are one shape if most of these words are alike; what is not becomes a place.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

PLACE = "<_>"
_MOST_WORDS = 60
_MOST_SHAPES = 300
_ALIKE = 0.6
"""Share of words that two lines of one shape have in common."""
_WORD = re.compile(r"\s+|[^\s=:,;\"'()\[\]{}<>|]+|.", re.DOTALL)
_VARIES = re.compile(r"[0-9]")


@dataclass(slots=True)
class Shape:
    """A pattern, and how many lines have it in each part of time and at each level."""

    words: list[str]
    counts: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])

    def text(self) -> str:
        """Places beside one another are one."""
        return re.sub(rf"{PLACE}(?:[.,:/-]?{PLACE})+", PLACE, "".join(self.words))

    def count(self) -> int:
        """Of all lines."""
        return self.counts.total()


def shapes(lines: Iterable[tuple[str, str, int]]) -> list[Shape]:
    """The most frequent first. Lines with their level and their part of time."""
    by_length: dict[int, list[Shape]] = {}
    total = 0
    for text, level, part in lines:
        words = [PLACE if _VARIES.search(word) else word for word in _WORD.findall(text)[:_MOST_WORDS]]
        known = by_length.setdefault(len(words), [])
        shape = next((each for each in known if _is_like(each.words, words)), None)
        if shape is None:
            if total >= _MOST_SHAPES:
                continue
            total += 1
            shape = Shape(words)
            known.append(shape)
        else:
            shape.words = [one if one == other else PLACE for one, other in zip(shape.words, words, strict=True)]
        shape.counts[level, part] += 1
    found = [shape for known in by_length.values() for shape in known]
    return sorted(found, key=Shape.count, reverse=True)


def _is_like(shape: list[str], words: list[str]) -> bool:
    if not words or shape == words:
        return shape == words
    pairs = [(one, other) for one, other in zip(shape, words, strict=True) if not one.isspace() and one != PLACE]
    alike = sum(one == other for one, other in pairs)
    return bool(pairs) and (shape[0] == words[0]) and alike >= _ALIKE * len(pairs)
