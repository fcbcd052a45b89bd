"""The engine of a data directory's traces and logs, shared by all in this process that name it."""

from pathlib import Path

from ...component import Clock, Meter
from ..segmented.bucket.attach import Attached, attach_by_hand, attach_writer, open_disk
from ..segmented.sharing import give_back, share
from ..settings import StoreSettings, keep_all
from .catalogue import Catalogue
from .counters import StoreCounters
from .engine import Engine
from .kind import TELEMETRY
from .layout import CATALOGUE
from .manifest import Segment


def open_store(settings: StoreSettings, clock: Clock, meter: Meter) -> Engine:
    """The engine of the settings' data directory, opened if it isn't yet. To be given back by `close_store`.

    Raises DataDirectoryError.
    """
    root = settings.root.absolute()

    def make() -> Engine:
        disk = open_disk(root, TELEMETRY)

        def attach(counters: StoreCounters) -> Attached[Segment] | None:
            return attach_writer(root, TELEMETRY, settings.storage, settings.s3, clock, counters)

        return Engine(disk, clock, settings, meter, Catalogue(disk, root / CATALOGUE), attach)

    return share(root, "traces and logs", settings, clock, make)


def open_by_hand(root: Path, clock: Clock) -> Engine:
    """For who has the lock: an engine that deletes nothing by itself. Raises DataDirectoryError, OSError."""
    disk = open_disk(root, TELEMETRY)

    def attach(counters: StoreCounters) -> Attached[Segment] | None:
        return attach_by_hand(root, TELEMETRY, clock, counters)

    return Engine(disk, clock, keep_all(root), Meter(), Catalogue(disk, root / CATALOGUE), attach)


def close_store(engine: Engine, timeout_s: float | None = None) -> None:
    """Give an engine back; the last one to do so closes it, within about `timeout_s`."""
    give_back(engine, timeout_s)
