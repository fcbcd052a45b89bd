"""What the store of traces and logs does beside taking things in: merges, and the catalogue is kept in step."""

import threading

from ..._core import Disk, merge
from ...component import Clock
from ..segmented import upkeep as segmented
from ..segmented.kind import Built
from ..segmented.manifest import Manifest
from ..settings import StoreSettings
from .catalogue import Catalogue
from .counters import StoreCounters
from .flush import Flusher
from .kind import TELEMETRY, built
from .manifest import Segment, State


class Upkeep(segmented.Upkeep[Segment]):
    """Of traces and logs."""

    def __init__(
        self,
        disk: Disk,
        manifest: Manifest[Segment],
        catalogue: Catalogue,
        flusher: Flusher,
        clock: Clock,
        settings: StoreSettings,
        counters: StoreCounters,
        building: threading.Lock,
    ) -> None:
        super().__init__(disk, TELEMETRY, manifest, flusher, clock, settings.retention, counters, building)
        self._catalogue = catalogue

    def merge(self, group: list[Segment]) -> Built[Segment]:
        """The result stands in time where the youngest of its parts stood. Raises OSError, ValueError."""
        done = merge(self._disk, group[0].tenant, group[0].signal, [each.path for each in group])
        newest = max(group, key=lambda each: each.generation)
        return built(done, newest.generation, newest.written_ns)

    def follow(self, state: State) -> None:
        """Bring the catalogue in step."""
        self._catalogue.follow(state)

    def look(self, state: State) -> None:
        """Make the catalogue anew if somebody has deleted it, and bring it in step if that was not done yet."""
        self._catalogue.check(state)
        super().look(state)
