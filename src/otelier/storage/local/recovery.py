"""What is found in a data directory that should not be so, and what becomes of it. Nothing that may be data is deleted.

A crash leaves files that no step of the manifest names: a flush or a merge that was not finished. They hold nothing
that isn't elsewhere, so they go. But if the manifest itself has lost steps, files without a name are the only copy:
then they are taken in again. That steps are lost shows by what cannot be otherwise: the manifest is damaged, a segment
that it names is gone, or generations of the log are gone that it does not call retired.
"""

import logging
from collections.abc import Collection, Iterable, Iterator

import msgspec

from ..._core import Disk, verify_segment
from .counters import StoreCounters
from .layout import LOG, MANIFEST, QUARANTINE, SEGMENTS, index_of, parse_segment
from .manifest import Manifest, Segment, State, Step
from .summary import read_summary

_log = logging.getLogger("otelier.store")


def names_in(disk: Disk, folder: str) -> list[str]:
    """Names in a folder; none if it isn't there."""
    try:
        return disk.list(folder)
    except FileNotFoundError:
        return []


def segment_files(disk: Disk) -> Iterator[str]:
    """Every file where segments stand."""
    for tenant in names_in(disk, SEGMENTS):
        for signal in names_in(disk, f"{SEGMENTS}/{tenant}"):
            folder = f"{SEGMENTS}/{tenant}/{signal}"
            yield from (f"{folder}/{name}" for name in names_in(disk, folder))


def leftovers(disk: Disk, state: State, keep: Collection[str] = ()) -> list[str]:
    """Files that belong to no segment of the state, nor to those of `keep`."""
    wanted = {*state.segments, *keep}
    wanted |= {index_of(path) for path in wanted}
    return [path for path in segment_files(disk) if path not in wanted]


def unlink_all(disk: Disk, paths: Iterable[str]) -> None:
    """Unlink what is there of these. Raises OSError."""
    for path in paths:
        try:
            disk.unlink(path)
        except FileNotFoundError:
            continue


def quarantine(disk: Disk, path: str) -> str:
    """Copy a damaged file to where nothing is ever deleted; the copy's path. Raises OSError."""
    disk.create_dir(QUARANTINE)
    kept = f"{QUARANTINE}/{path.replace('/', '.')}"
    disk.replace(kept, disk.read(path))
    return kept


class Recovery:
    """Makes manifest and files agree when a data directory is opened; before anything else is done there."""

    def __init__(self, disk: Disk, manifest: Manifest, counters: StoreCounters, now_ns: int) -> None:
        self._disk = disk
        self._manifest = manifest
        self._counters = counters
        self._now_ns = now_ns

    def run(self) -> None:
        """Raises OSError."""
        state = self._manifest.state
        present = set(segment_files(self._disk))
        missing = [each for each in state.segments.values() if each.path not in present]
        strangers = leftovers(self._disk, state)
        if not missing and not self._manifest.damage and not self._log_has_a_gap(state):
            if strangers:
                _log.info("removing %d files of unfinished work", len(strangers))
                unlink_all(self._disk, strangers)
            return
        self._keep_manifest()
        adopted = tuple(self._adopted(strangers, state))
        if missing:
            _log.error("%d segments are gone: %s", len(missing), [each.path for each in missing[:10]])
            self._counters.damaged_bytes.add(sum(each.bytes for each in missing), where="segments")
        if adopted:
            _log.warning("the manifest had lost %d segments; they are taken in again", len(adopted))
        self._manifest.apply(
            Step(add=adopted, remove=tuple(each.path for each in missing), retired=self._retired(state))
        )

    def _log_has_a_gap(self, state: State) -> bool:
        generations = self._generations()
        return bool(generations) and generations[0] > state.retired + 1

    def _retired(self, state: State) -> int:
        generations = self._generations()
        return max(state.retired, generations[0] - 1) if generations else state.retired

    def _generations(self) -> list[int]:
        names = names_in(self._disk, LOG)
        return sorted(int(name[:-4]) for name in names if name.endswith(".log") and name[:-4].isdigit())

    def _keep_manifest(self) -> None:
        if self._manifest.damage:
            _log.error("the manifest is damaged: %s", self._manifest.damage)
        self._disk.create_dir(QUARANTINE)
        self._disk.replace(f"{QUARANTINE}/manifest-{self._now_ns}", self._disk.read(MANIFEST))

    def _adopted(self, strangers: list[str], state: State) -> Iterator[Segment]:
        generation = self._retired(state)
        for path in strangers:
            place = parse_segment(path)
            if not place:
                continue
            problem = self._problem(path)
            if problem:
                kept = [quarantine(self._disk, each) for each in (path, index_of(path)) if each in strangers]
                self._counters.damaged_bytes.add(self._disk.size(path), where="segments")
                _log.error("%s is damaged (%s); kept as %s", path, problem, kept)
                unlink_all(self._disk, (path, index_of(path)))
                continue
            yield described(self._disk, path, generation, self._now_ns)

    def _problem(self, path: str) -> str:
        try:
            return verify_segment(self._disk, path)
        except (OSError, ValueError) as error:
            return str(error)


def described(disk: Disk, path: str, generation: int, now_ns: int) -> Segment:
    """A segment as the manifest names it, from its own summary. Raises OSError, ValueError."""
    place = parse_segment(path)
    assert place, path
    summary = read_summary(disk, path)
    return msgspec.convert(
        {
            "path": path,
            "tenant": place[0],
            "signal": place[1],
            "rows": summary.rows,
            "bytes": disk.size(path) + disk.size(index_of(path)),
            "min_start_ns": summary.min_start_ns,
            "max_start_ns": summary.max_start_ns,
            "generation": generation,
            "written_ns": now_ns,
        },
        Segment,
    )
