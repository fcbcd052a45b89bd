"""memory_ballast: accept the keys of the Collector's former extension and do nothing, using no memory.

A ballast made Go's garbage collector run less often. There is none here to calm down.
"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ..component import Config, Extension, extension


class MemoryBallastConfig(Config):
    size_mib: Annotated[int, Meta(ge=0)] = 0
    """Accepted without effect."""
    size_in_percentage: Annotated[int, Meta(ge=0)] = 0
    """Accepted without effect."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What the Collector refused, too."""
        if self.size_in_percentage > 100:
            yield "size_in_percentage", "must be from 0 to 100"


@extension(
    "memory_ballast",
    stability="removed upstream",
    replaced_by="it has no effect and needs no memory: remove it, the memory_limiter processor bounds memory",
)
class MemoryBallast(Extension):
    cfg: MemoryBallastConfig
