"""What the store of traces and logs does beside taking things in: merges, and the catalogue is kept in step."""

import threading
from collections.abc import Callable, Collection

from ..._core import Disk, merge
from ...component import Clock
from ..segmented import upkeep as segmented
from ..segmented.files import QUARANTINE
from ..segmented.kind import Built
from ..segmented.manifest import Manifest
from ..settings import StoreSettings
from .catalogue import Catalogue
from .counters import StoreCounters
from .deletion import Deleted, Deletion, UnreadableError
from .flush import Flusher
from .kind import TELEMETRY, built
from .manifest import Segment, State
from .requests import DeleteTraces, Inbox
from .retention import due
from .thinning import Thinning, batch_of


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
        elsewhere: Callable[[str], bool],
    ) -> None:
        super().__init__(disk, TELEMETRY, manifest, flusher, clock, settings.retention, counters, building, elsewhere)
        self._catalogue = catalogue
        self._kept = settings.retention
        self._deletion = Deletion(disk, flusher, building, counters, self.forget)
        self._thinning = Thinning(disk, lambda: manifest.state, building, counters, self.forget)
        self._to_thin: dict[str, str] = {}
        """Path to reason, as of the last look at retention."""
        self._inbox = Inbox(disk, clock, self._delete_requested)

    def merge(self, group: list[Segment]) -> Built[Segment]:
        """The result stands in time where the youngest of its parts stood. Raises OSError, ValueError."""
        done = merge(self._disk, group[0].tenant, group[0].signal, [each.path for each in group])
        newest = max(group, key=lambda each: each.generation)
        return built(done, newest.generation, newest.written_ns, important=newest.important)

    def _merge_some(self) -> bool:
        """What is to be thinned comes first."""
        return self._thin_some() or super()._merge_some()

    def expired(self, now_ns: int) -> dict[str, str]:
        """What retention deletes now; what it thins is noted."""
        found = due(TELEMETRY.ages(self._manifest.state.segments.values(), now_ns), self._kept)
        self._to_thin = found.thin
        return found.delete

    def afterwards(self) -> None:
        """What other processes ask for. Raises OSError."""
        self._inbox.work_off()

    def delete(self, tenant: str, trace_ids: Collection[bytes], *, logs: bool) -> Deleted:
        """Delete traces, with `logs` their log records, too. Raises OSError; ValueError for damaged segments."""
        with self._at_work:
            before, self._untidy = self._untidy, True
            try:
                deleted = self._deletion.delete(tenant, trace_ids, self._clock.time_ns(), logs=logs)
            except UnreadableError as error:
                if not self.set_damaged_aside([error.segment]):
                    raise
                raise ValueError(f"{error}; what is left of it is kept in {QUARANTINE}/; ask again") from error
            self._untidy = before
            return deleted

    def _delete_requested(self, request: DeleteTraces) -> Deleted:
        return self.delete(request.tenant, request.ids(), logs=request.logs)

    def _thin_some(self) -> bool:
        segments, important = self._manifest.state.segments, self._kept.important
        batch = batch_of(segments[path] for path in self._to_thin if path in segments)
        if not batch or not important:
            return False
        began, self._untidy = self._clock.monotonic(), True
        try:
            self._thinning.thin(batch, important, self._to_thin)
        except UnreadableError as error:
            if not self.set_damaged_aside([error.segment]):
                raise
        self._untidy = False
        self.rest_after(began)
        return True

    def follow(self, state: State) -> None:
        """Bring the catalogue in step."""
        self._catalogue.follow(state)

    def look(self, state: State) -> None:
        """Make the catalogue anew if somebody has deleted it, and bring it in step if that was not done yet."""
        self._catalogue.check(state)
        super().look(state)
