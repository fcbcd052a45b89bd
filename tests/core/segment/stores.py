"""A small store for tests: a simulated disk, a log, and segments made of them."""

import json
from collections.abc import Sequence
from typing import Any

from otelier._core import Batch, Disk, Flushed, Log, flush, merge, read_segment, segment_summary, verify_segment
from otelier.telemetry import Signal

SECOND = 10**9


class Store:
    """What the store's Python side does with the core, without a manifest."""

    def __init__(self, disk: Disk | None = None) -> None:
        self.disk = disk or Disk.simulated()
        self.log = Log(self.disk, "log")
        self.paths: list[str] = []
        self.duplicates = 0

    def append(self, *batches: Batch, now_ns: int = SECOND, tenant: str = "default") -> None:
        for batch in batches:
            self.log.append(tenant, batch, now_ns)

    def flush(self, now_ns: int = SECOND, idle_ns: int = 0, max_open_ns: int = 2**62) -> Flushed:
        generation = self.log.rotate()
        generations = [number for number, _ in self.log.generations() if number <= generation]
        flushed = flush(
            self.disk,
            self.log,
            generations,
            now_ns=now_ns,
            idle_ns=idle_ns,
            max_open_ns=max_open_ns,
            recent=[path for path in self.paths if "/traces/" in path],
        )
        self.log.retire(generation)
        self._take(flushed)
        return flushed

    def merge(self, signal: Signal = "traces", tenant: str = "default") -> Flushed:
        merged = merge(self.disk, tenant, signal, self.paths)
        for path in self.paths:
            self.disk.unlink(path)
            self.disk.unlink(path.replace(".parquet", ".index"))
        self.paths = []
        self._take(merged)
        return merged

    def _take(self, flushed: Flushed) -> None:
        self.duplicates += flushed.duplicates
        for body in flushed.segments:
            path = json.loads(body)["path"]
            assert verify_segment(self.disk, path) == ""
            self.paths.append(path)

    def stored(self, signal: Signal = "traces") -> Batch:
        """All that is in the segments."""
        empty = Batch.from_otlp(signal, b"")
        return Batch.join([empty, *(read_segment(self.disk, path, signal) for path in self.paths)])

    def summary(self, at: int = 0) -> dict[str, Any]:
        return json.loads(segment_summary(self.disk, self.paths[at]))


def stored_as_it_came(signal: Signal, batches: Sequence[Batch]) -> Store:
    """Asserts that segments say what the batches said."""
    store = Store()
    store.append(*batches)
    store.flush()
    whole = Batch.join(batches)
    assert store.stored(signal).digest() == whole.digest()
    return store
