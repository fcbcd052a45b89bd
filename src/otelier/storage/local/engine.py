"""The store of traces and logs on this machine's disk. ARCHITECTURE.md follows a span through it."""

import threading
from collections.abc import Callable, Collection

from ..._core import Disk, Log
from ...component import Clock, Meter
from ...telemetry import Batch
from ..segmented.bucket.attach import Attached
from ..segmented.bucket.publishing import Publishing
from ..segmented.engine import SegmentedStore
from ..segmented.files import LOG
from ..segmented.recovery import open_manifest
from ..settings import StoreSettings
from .catalogue import Catalogue
from .counters import StoreCounters
from .deletion import Deleted
from .flush import Flusher
from .kind import TELEMETRY
from .manifest import Segment, State
from .upkeep import Upkeep

Attach = Callable[[StoreCounters], Attached[Segment] | None]


class Engine:
    """One open data directory. `contract.Store` for any number of threads."""

    def __init__(
        self,
        disk: Disk,
        clock: Clock,
        settings: StoreSettings,
        meter: Meter,
        catalogue: Catalogue | None = None,
        attach: Attach | None = None,
    ) -> None:
        """Open it, in whatever state it was left. `attach`: finds the bucket that segments go to, if there is one.

        Raises DataDirectoryError, OSError.
        """
        counters = StoreCounters(meter)
        attached = (attach(counters) if attach else None) or Attached(disk)
        disk, has = attached.disk, attached.has
        manifest = open_manifest(disk, TELEMETRY, counters, clock.time_ns(), attached.elsewhere)
        self._log = Log(
            disk,
            LOG,
            sync=settings.durability,
            interval_s=settings.interval,
            max_unflushed_bytes=settings.max_unflushed_bytes,
            retired=manifest.state.retired,
        )
        self._log.retire(manifest.state.retired)
        self._catalogue = catalogue or Catalogue(disk, None)
        building = threading.Lock()
        flusher = Flusher(disk, self._log, manifest, clock, settings, counters)
        self._upkeep = Upkeep(disk, manifest, self._catalogue, flusher, clock, settings, counters, building, has)
        self._store = SegmentedStore(
            "otelier:store",
            clock,
            TELEMETRY,
            self._log,
            manifest,
            flusher,
            self._upkeep,
            counters,
            building,
            settings.max_unflushed_bytes,
            settings.flush.max_bytes,
        )
        self._publishing = Publishing(attached.publisher, lambda: self._store.state, clock, "otelier:store:bucket")

    @property
    def state(self) -> State:
        """What the manifest says now."""
        return self._store.state

    @property
    def unflushed_bytes(self) -> int:
        """Bytes of the log that no segment holds yet."""
        return self._store.unflushed_bytes

    def append(self, tenant: str, batch: Batch) -> None:
        """Keep a batch. Raises Refused while the log is full, Retryable while the disk fails."""
        with self._store.taking() as now_ns:
            self._log.append(tenant, batch, now_ns)

    def flush(self, *, everything: bool = False) -> State:
        """Turn the log into segments now, traces that go on only with `everything`. Raises OSError."""
        return self._store.flush(everything=everything)

    def delete(self, tenant: str, trace_ids: Collection[bytes], *, logs: bool = False) -> Deleted:
        """Take traces out, with `logs` their log records, too; what is acknowledged later stays.

        Raises OSError; ValueError for a damaged segment.
        """
        return self._upkeep.delete(tenant, trace_ids, logs=logs)

    def compact(self) -> bool:
        """Merge one group of small segments, if there is one; whether there was. Raises OSError."""
        return self._store.compact()

    def close(self, timeout_s: float | None = None) -> None:
        """Write all that is in the log into segments, within about `timeout_s`, and let go of everything."""
        self._publishing.close(timeout_s)
        self._store.close(timeout_s, then=self._let_go)

    def _let_go(self) -> None:
        self._publishing.last()
        self._catalogue.close()
