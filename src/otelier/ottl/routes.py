"""Routes: conditions that say which part of a batch goes where, asked one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ..telemetry import Batch
from ..telemetry.mask import either, inverse
from .conditions import Conditions
from .interpret import Report
from .program import Program

_T = TypeVar("_T")
_Target_co = TypeVar("_Target_co", covariant=True)


class Way(Protocol[_Target_co]):
    """What says which part of a batch goes where; a `Route`, for one."""

    @property
    def target(self) -> _Target_co:
        """Where what matches goes."""
        ...

    @property
    def copies(self) -> bool:
        """Whether later ones see it, too."""
        ...

    def part(self, batch: Batch, report: Report) -> tuple[bytes, Batch | None]:
        """One byte per item, 1 where it goes this way, and what does; None if nothing does. Raises StatementError."""
        ...


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


def routed(batch: Batch, routes: Sequence[Way[_T]], report: Report) -> tuple[list[tuple[_T, Batch]], Batch]:
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


def matched(batch: Batch, routes: Sequence[Way[_T]], report: Report) -> tuple[list[tuple[_T, Batch]], Batch]:
    """As `routed`, but each route is asked about all of it; what is left is what none of them matches."""
    parts: list[tuple[_T, Batch]] = []
    taken = bytes(batch.items)
    for route in routes:
        mask, part = route.part(batch, report)
        if part:
            parts.append((route.target, part))
            taken = either(taken, mask)
    return parts, batch.select(inverse(taken))
