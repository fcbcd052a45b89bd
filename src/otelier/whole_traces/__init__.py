"""Spans that wait until their trace is whole: for the processors that decide about traces, not spans.

`WaitingTraces` holds them, in memory, then on disk, and refuses when both are full; `Outbox` hands on what was decided
until the next component has taken it; `Journal` keeps both over a kill. What is decided, and when, is the processor's.
"""

from .journal import Journal
from .outbox import Outbox
from .waiting import FATE_SAMPLED, FATE_WAIT_ON, Limits, WaitingTraces

__all__ = ["FATE_SAMPLED", "FATE_WAIT_ON", "Journal", "Limits", "Outbox", "WaitingTraces"]
