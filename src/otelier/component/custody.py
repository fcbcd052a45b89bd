"""Custody: who answers for an item once the sender was told "accepted"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..telemetry import Signal


class CustodyKind(StrEnum):
    """When a component answers, and so who loses the item if it is killed."""

    FORWARDS = "forwards"
    """Answers only after the next component answered."""
    BUFFERS = "buffers"
    """Answers at once and hands on later: from here on the component answers for the item."""
    STORES = "stores"
    """The item has arrived: on disk, or wherever this pipeline ends."""


@dataclass(frozen=True, slots=True)
class Custody:
    """What a component, configured as it is, does with what it accepts."""

    kind: CustodyKind
    loss_window: str = ""
    """What a kill -9 loses, in a sentence for people; empty: nothing."""
    not_kept: Mapping[Signal, str] = field(default_factory=dict[Signal, str])
    """Signals of which nothing is kept, each with a sentence that says so."""


FORWARDS = Custody(CustodyKind.FORWARDS)
