"""The store of traces and logs as a reader sees it."""

from pathlib import Path

from .._core import View
from ..component import SystemClock
from ..storage.local.kind import TELEMETRY
from ..storage.local.manifest import Segment, State
from ..storage.segmented.bucket.attach import open_disk
from ..storage.segmented.bucket.cache import Cache
from ..storage.segmented.bucket.follow import Follower
from ..storage.segmented.bucket.place import read_place
from .following import Following


class Snapshot(Following[View, Segment]):
    """Of a data directory."""

    def __init__(self, directory: Path) -> None:
        """The directory need not exist yet."""
        self._directory = directory
        cache = Cache(directory, TELEMETRY)
        self._follower = Follower(directory, TELEMETRY, cache, SystemClock())
        disk = open_disk(directory, TELEMETRY, cache)
        super().__init__(directory, disk, View(disk), Segment)

    def look_elsewhere(self) -> None:
        """Where the directory is a reader's cache of a bucket. Raises OSError, StartError."""
        self._follower.pull()

    def look_ahead(self) -> None:
        """Open what is here; from a bucket nothing is fetched before it is asked for."""
        if read_place(self._directory) is None:
            self._view.open_ahead()

    def bring_up(self, state: State) -> None:
        """Raises StaleView, DamagedFile, OSError."""
        starts = [(each.min_start_ns, each.max_start_ns) for each in state.segments.values()]
        self._view.refresh(list(state.segments), state.retired, starts)
