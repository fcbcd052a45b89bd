"""Routes: conditions that say which part of a batch goes where, asked one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..telemetry import Batch
from ..telemetry.mask import inverse
from .conditions import Conditions
from .interpret import Report
from .program import Program

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Route(Generic[_T]):
    """What matches goes to `target`."""

    conditions: Conditions
    target: _T
    copies: bool = False
    """Later routes see it, too."""
    edit: Program | None = None
    """Applied to what goes this way."""

    def part(self, batch: Batch, report: Report) -> tuple[bytes, Batch | None]:
        """One byte per item, 1 where it goes this way, and what does; None if nothing does. Raises StatementError."""
        mask = self.conditions.matches(batch, report)
        if 1 not in mask:
            return mask, None
        part = batch.select(mask)
        return mask, self.edit.run(part, report) if self.edit else part


def routed(batch: Batch, routes: Sequence[Route[_T]], report: Report) -> tuple[list[tuple[_T, Batch]], Batch]:
    """(target, part) of each route that something matches, and what is left: all that no route took for itself.

    Raises StatementError where a condition fails and its error mode says so.
    """
    parts: list[tuple[_T, Batch]] = []
    rest = batch
    for route in routes:
        if not rest:
            break
        mask, part = route.part(rest, report)
        if not part:
            continue
        if not route.copies:
            rest = rest.select(inverse(mask))
        parts.append((route.target, part))
    return parts, rest
