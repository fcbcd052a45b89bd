"""Keys of `groupbytrace`."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from ...component import ComponentID, Config, Duration, Remark

_NUM_TRACES = 1_000_000


class GroupByTraceConfig(Config):
    wait_duration: Duration = Duration(1)
    """From a trace's first span to its release."""
    num_traces: Annotated[int, Meta(ge=1)] = _NUM_TRACES
    """More traces than this are said so once a minute, not evicted: `budget_bytes` decides."""
    num_workers: Annotated[int, Meta(ge=1)] = 1
    """Accepted without effect: all threads that bring spans work."""
    discard_orphans: bool = False
    """Not implemented, as in the Collector: must be false."""
    store_on_disk: bool = False
    """Not implemented, as in the Collector: must be false. Use `storage`, and `spill_bytes`."""
    emit_strategy: Literal["trace", "service"] = "trace"
    """Accepted without effect: what is released together travels as one batch, and no trace is evicted."""
    budget_bytes: Annotated[int, Meta(ge=0)] = 1 << 30
    """Otelier's addition: encoded bytes that may wait in memory; beyond that the oldest go to disk. 0 = no limit."""
    spill_bytes: Annotated[int, Meta(ge=0)] = 4 << 30
    """Otelier's addition: encoded bytes that may wait on disk; beyond that data is refused. 0 = none."""
    spill_directory: str = ""
    """Otelier's addition: where those lie, in files without names that end with the process; empty: the system's
    directory for temporary files."""
    storage: ComponentID | None = None
    """Otelier's addition: extension that keeps what waits over a kill, such as `file_storage`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges, and what isn't there."""
        if self.wait_duration < 0:
            yield "wait_duration", "must not be negative"
        if self.discard_orphans:
            yield "discard_orphans", "is not implemented, in the Collector neither: remove it"
        if self.store_on_disk:
            yield "store_on_disk", "is not implemented, in the Collector neither: remove it, and set storage"

    def remarks(self) -> Iterable[Remark]:
        """A number of traces that the Collector would lose traces by."""
        if self.num_traces < _NUM_TRACES and self.wait_duration:
            rate = self.num_traces / self.wait_duration
            what = f"above {rate:.4g} new traces a second the Collector loses the oldest; none is lost here"
            yield Remark("num_traces", what, "budget_bytes decides; raise num_traces to run the file there, too")
