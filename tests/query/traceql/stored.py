"""Generated traces in a store, each example under a tenant of its own."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from otelier.component import Meter, SystemClock
from otelier.query.snapshot import Snapshot
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.telemetry import Batch

ARRANGEMENTS = st.tuples(st.lists(st.booleans(), min_size=5, max_size=5), st.booleans())
"""Behind which requests a segment is written, and whether segments are merged in the end."""


class Store:
    """One data directory and a reader of it."""

    def __init__(self, directory: Path) -> None:
        self._engine = open_store(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())
        self.directory = directory
        self._numbers = itertools.count()
        self.snapshot = Snapshot(directory)

    def keep(self, batches: Sequence[Batch], arrangement: tuple[Sequence[bool], bool]) -> str:
        """The tenant."""
        tenant = f"t{next(self._numbers)}"
        flushes, merged = arrangement
        for batch, flush in zip(batches, flushes, strict=False):
            self._engine.append(tenant, batch)
            if flush:
                self._engine.flush(everything=True)
        while merged and self._engine.compact():
            pass
        return tenant

    def close(self) -> None:
        self.snapshot.close()
        close_store(self._engine)
