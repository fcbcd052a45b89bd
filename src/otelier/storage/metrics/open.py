"""The engine of a data directory's metrics, shared by all in this process that name it, under the directory's lock."""

from pathlib import Path

from ...component import Clock, Meter
from ..directory import METRICS
from ..segmented.bucket.attach import Attached, attach_by_hand, attach_writer, of_store, open_disk
from ..segmented.counters import Counters
from ..segmented.lock import make_durably
from ..segmented.sharing import give_back, share
from ..settings import StoreSettings, keep_all
from .engine import MetricsEngine
from .segment import SERIES, SeriesSegment


def open_metrics(settings: StoreSettings, clock: Clock, meter: Meter) -> MetricsEngine:
    """The engine of the settings' data directory, opened if it isn't yet. To be given back by `close_metrics`.

    Raises DataDirectoryError.
    """
    root = settings.root.absolute()

    def make() -> MetricsEngine:
        make_durably(root / METRICS)
        disk = open_disk(root / METRICS, SERIES)

        def attach(counters: Counters) -> Attached[SeriesSegment] | None:
            return attach_writer(
                root / METRICS, SERIES, of_store(settings.storage, METRICS), settings.s3, clock, counters
            )

        return MetricsEngine(disk, clock, settings, meter, attach)

    return share(root, METRICS, settings, clock, make)


def open_metrics_by_hand(root: Path, clock: Clock) -> MetricsEngine:
    """For who has the lock: an engine that deletes nothing by itself. Raises DataDirectoryError, OSError."""
    folder = root / METRICS

    def attach(counters: Counters) -> Attached[SeriesSegment] | None:
        return attach_by_hand(folder, SERIES, clock, counters)

    return MetricsEngine(open_disk(folder, SERIES), clock, keep_all(root), Meter(), attach)


def close_metrics(engine: MetricsEngine, timeout_s: float | None = None) -> None:
    """Give an engine back; the last one to do so closes it, within about `timeout_s`."""
    give_back(engine, timeout_s)
