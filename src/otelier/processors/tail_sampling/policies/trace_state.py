"""Policy trace_state: traces with a span whose W3C trace state has one of some values under a key."""

from typing import Annotated

from msgspec import Meta

from ....component import Config
from ..policy import TraceStateMatcher


class TraceStateConfig(Config):
    key: Annotated[str, Meta(min_length=1)]
    """The vendor's key in the trace state."""
    values: Annotated[tuple[str, ...], Meta(min_length=1)]
    """One of these is enough; whole values."""

    def matcher(self) -> TraceStateMatcher:
        """What to look for."""
        return TraceStateMatcher(self.key, self.values)
