"""The store of metrics: as that of traces and logs, a log for what comes and segments for what stays.

An append is durable when it returns. Samples may come in any order; of two with the same moment in a series the one
that came later counts. Refused is what is older than retention keeps, and what is more than ten minutes ahead.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..._core import Appended, Disk, Samples, SeriesLog
from ...component import Clock, Meter, Permanent
from ...telemetry import Batch
from ...wire.prometheus import Options, Taker, Translation
from ..contract import DataDirectoryError
from ..segmented.bucket.attach import Attached
from ..segmented.bucket.publishing import Publishing
from ..segmented.counters import Counters
from ..segmented.engine import SegmentedStore
from ..segmented.files import LOG
from ..segmented.manifest import State
from ..segmented.recovery import open_manifest
from ..settings import StoreSettings
from .deletions import Deletion
from .flush import Flusher
from .segment import SERIES, SeriesSegment
from .upkeep import Upkeep

AHEAD_MS = 10 * 60_000
"""So far ahead of the clock a sample may be."""
_EVER_MS = -(2**62)
_MS = 10**6

Attach = Callable[[Counters], Attached[SeriesSegment] | None]
Matcher = tuple[str, str, str]
"""Name, one of `=`, `!=`, `=~`, `!~`, value."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch."""

    rejected: int
    """Data points of which nothing, or not all, is kept."""
    reason: str


class MetricsEngine:
    """The metrics of one open data directory. Any number of threads."""

    def __init__(
        self, disk: Disk, clock: Clock, settings: StoreSettings, meter: Meter, attach: Attach | None = None
    ) -> None:
        """Open it, in whatever state it was left; `disk` is the folder of the metrics.

        `attach`: finds the bucket that segments go to, if there is one. Raises DataDirectoryError, OSError.
        """
        counters, limits = Counters(meter, "otelier_metrics_store"), settings.metrics
        attached = (attach(counters) if attach else None) or Attached(disk)
        disk, has = attached.disk, attached.has
        manifest = open_manifest(disk, SERIES, counters, clock.time_ns(), attached.elsewhere)
        self._keep_ms = round(settings.metrics_retention.max_age * 1000)
        self._log = SeriesLog(
            disk,
            LOG,
            sync=settings.durability,
            interval_s=settings.interval,
            max_unflushed_bytes=limits.max_unflushed_bytes,
            retired=manifest.state.retired,
            max_series=limits.max_series,
            max_series_per_metric=limits.max_series_per_metric,
            max_label_names=limits.max_label_names,
        )
        self._log.retire(manifest.state.retired)
        building = threading.Lock()
        flusher = Flusher(disk, self._log, manifest, clock, limits.flush, counters)
        try:
            self._upkeep = Upkeep(disk, manifest, flusher, clock, settings.metrics_retention, counters, building, has)
        except ValueError as error:
            raise DataDirectoryError(f"the list of deletions can't be read: {error}") from error
        self._store = SegmentedStore(
            "otelier:metrics",
            clock,
            SERIES,
            self._log,
            manifest,
            flusher,
            self._upkeep,
            counters,
            building,
            limits.max_unflushed_bytes,
            limits.flush.max_bytes,
        )
        self._forget = meter.observe(
            "otelier_metrics_store_pending_deletions",
            "gauge",
            "{deletion}",
            "Deletions that are noted and not carried out yet.",
            lambda: [({}, self.pending_deletions)],
        )
        self._publishing = Publishing(attached.publisher, lambda: self._store.state, clock, "otelier:metrics:bucket")
        self._guard = threading.Lock()
        self._takers: dict[str, Taker] = {}
        self._taken = meter.counter("otelier_metrics_store_appended_items", "{item}", "Taken, by kind.")
        self._rejected = meter.counter("otelier_metrics_store_rejected_items", "{item}", "Not taken, by reason.")
        self._folded = meter.counter(
            "otelier_metrics_store_folded_samples",
            "{sample}",
            "Taken into the one series of a metric that has too many.",
        ).bind()

    @property
    def state(self) -> State[SeriesSegment]:
        """What the manifest says now."""
        return self._store.state

    @property
    def unflushed_bytes(self) -> int:
        """Bytes of the log that no segment holds yet."""
        return self._store.unflushed_bytes

    def append(self, tenant: str, samples: Samples) -> Appended:
        """Keep samples; the answer says which were not taken, and why.

        `tenant` has passed `check_tenant`. Raises Refused while the log is full, Retryable while the disk fails.
        """
        with self._store.taking() as now_ns:
            now_ms = now_ns // _MS
            oldest_ms = now_ms - self._keep_ms if self._keep_ms else _EVER_MS
            done = self._log.append(tenant, samples, now_ms, oldest_ms, now_ms + AHEAD_MS)
        for kind in ("samples", "histograms", "exemplars"):
            if taken := getattr(done, kind):
                self._taken.add(taken, kind=kind)
        for reason, _, count in done.rejected:
            self._rejected.add(count, reason=reason)
        if done.folded:
            self._folded.add(done.folded)
        return done

    def append_otlp(self, tenant: str, batch: Batch) -> Kept:
        """Keep metrics of OTLP as series. Raises as `append`, and Permanent for a batch that is too large."""
        try:
            with self._taker(tenant).taking(batch, self._store.stamp() // _MS) as taken:
                done = self.append(tenant, taken.samples)
        except ValueError as error:
            raise Permanent(f"{error}; send smaller batches") from error
        if taken.refused:
            self._rejected.add(taken.refused, reason="translation")
        reasons = [taken.reason] if taken.reason else []
        reasons += [f"{count} {reason}, such as {example}" for reason, example, count in done.rejected]
        rejected = taken.refused + sum(count for *_, count in done.rejected)
        return Kept(min(rejected, batch.items), "; ".join(reasons))

    def _taker(self, tenant: str) -> Taker:
        """One for each tenant: what deltas add up to is theirs."""
        with self._guard:
            return self._takers.get(tenant) or self._takers.setdefault(tenant, Taker(Translation(), Options()))

    def active(self, tenant: str, limit: int) -> list[tuple[str, int]]:
        """Metrics with the most active series."""
        return self._log.active(tenant, limit)

    def flush(self) -> State[SeriesSegment]:
        """Turn the log into segments now. Raises OSError."""
        return self._store.flush(everything=True)

    def compact(self) -> bool:
        """Merge one group of segments, if there is one; whether there was. Raises OSError."""
        return self._store.compact()

    def delete(self, tenant: str, selectors: Sequence[Sequence[Matcher]], start_ms: int, end_ms: int) -> None:
        """Have samples of `start_ms <= time <= end_ms` deleted of series that fit one of the selectors.

        It is noted durably when this returns, and begins at once, in the background; what is appended later stays.
        Raises OSError.
        """

        def note(state: State[SeriesSegment]) -> None:
            self._upkeep.deletions.add(
                [
                    Deletion(
                        tenant=tenant,
                        matchers=tuple(matchers),
                        start_ms=start_ms,
                        end_ms=end_ms,
                        generation=state.retired,
                    )
                    for matchers in selectors
                ]
            )

        # Else later segments could be merged with those before, which then are not known any more.
        self._store.flush(everything=True, then=note)
        self._store.upkeep_now()

    @property
    def pending_deletions(self) -> int:
        """Deletions that are noted and not carried out yet."""
        return len(self._upkeep.deletions.pending)

    def until_deleted(self, timeout_s: float) -> bool:
        """Wait until all that was to be deleted is, at most so long in real time; whether it is."""
        return self._upkeep.deletions.until_done(timeout_s)

    def take_in(self) -> None:
        """Take in what an import has made ready; it is done in the background, too. Raises OSError."""
        self._upkeep.take_in()

    def close(self, timeout_s: float | None = None) -> None:
        """Write all that is in the log into segments, within about `timeout_s`, and let go of everything."""
        self._forget()
        self._publishing.close(timeout_s)
        self._store.close(timeout_s, then=self._publishing.last)
