"""Series while they are calculated: their name stands apart, because it takes no part in matching."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ...errors import TooLarge
from ..answer import Attribute, Series
from .cells import Floats, Ints
from .steps import Steps

POINTS_MAX = 20_000_000
"""Of all series of one answer."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Series without their names."""

    name: str
    series: list[Series]
    calculated: bool = False
    """Whether they come of more than one function; then the name is told besides the other labels."""

    def of(self, series: Iterable[Series]) -> "Lines":
        """Others under the same name."""
        return replace(self, series=list(series))

    def named(self) -> tuple[Series, ...]:
        """As they are answered, sorted by labels."""
        name = (Attribute("__name__", self.name),)
        ordered = sorted(self.series, key=place)
        return tuple(
            each._replace(labels=name + each.labels) if self.calculated or not each.labels else each for each in ordered
        )


def place(series: Series) -> tuple[tuple[str, int, float, str], ...]:
    """By which series are ordered: their labels, numbers by size and before texts, nil first."""
    return tuple(_place(each) for each in series.labels)


def _place(label: Attribute) -> tuple[str, int, float, str]:
    match label.value:
        case None:
            return label.key, 0, 0.0, ""
        case int() | float():
            return label.key, 1, float(label.value), ""
        case _:
            return label.key, 2, 0.0, str(label.value)


def dense(groups: int, steps: Steps, cells: Ints, numbers: Floats, missing: float) -> Floats:
    """A row per group with a number per step. Raises TooLarge."""
    if groups * steps.count > POINTS_MAX:
        raise TooLarge(
            f"the query has {groups:,} series of {steps.count:,} points; choose a larger step or fewer groups"
        )
    points = np.full(groups * steps.count, missing)
    points[cells] = numbers
    return points.reshape(groups, steps.count)
