"""What is found in a data directory that should not be so, and what becomes of it. Nothing that may be data is deleted.

A crash leaves files that no step of the manifest names: a flush or a merge that was not finished. They hold nothing
that isn't elsewhere, so they go. But if the manifest itself has lost steps, files without a name may be the only copy:
then they are taken in again. That steps are lost shows by what cannot be otherwise: the manifest is missing, empty or
damaged, a segment that it names is gone, or generations of the log are gone that it does not call retired.

An end that can't be read may be both: a step that a crash has cut short, or one that was whole and is damaged now. The
log tells which; what is only likely to be elsewhere is kept in quarantine.
"""

import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from enum import Enum

import msgspec

from ..._core import Disk, verify_segment
from .counters import StoreCounters
from .layout import DOUBT, LOG, MANIFEST, QUARANTINE, REPLACING, SEGMENTS, index_of, parse_segment
from .manifest import Manifest, Segment, State, Step, look
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
    kept = _kept(path)
    disk.replace(kept, disk.read(path))
    return kept


def quarantine_all(disk: Disk, paths: Iterable[str]) -> list[str]:
    """Copy what is there of these to the quarantine; the copies' paths. Raises OSError."""
    kept = list[str]()
    for path in paths:
        with suppress(FileNotFoundError):
            kept.append(quarantine(disk, path))
    return kept


def set_aside(disk: Disk, paths: Collection[str]) -> list[str]:
    """Move what is there of these to the quarantine; where it is now. Raises OSError."""
    kept = quarantine_all(disk, paths)
    unlink_all(disk, paths)
    return kept


def _kept(path: str) -> str:
    return f"{QUARANTINE}/{path.replace('/', '.')}"


def note_replacing(disk: Disk, step: Step) -> None:
    """Before a step that puts segments in the place of others: if a crash cuts it short, this tells what it was.

    It may stay: when the step was made, its `remove` lives no longer. Raises OSError.
    """
    disk.replace(REPLACING, msgspec.json.encode(step))


def open_manifest(disk: Disk, counters: StoreCounters, now_ns: int, elsewhere: Collection[str] = ()) -> Manifest:
    """The manifest, in agreement with the files; before anything else is done in the directory.

    Opening it writes it anew, so what is wrong with it is written down first: a crash meanwhile must not hide it.
    Segments that are `elsewhere` need not be here.
    Raises DataDirectoryError, OSError.
    """
    doubt = doubt_of(disk)
    if doubt is not Doubt.NONE:
        _log.error("the manifest %s; looking for segments that it does not name", doubt.value)
        if disk.exists(MANIFEST):
            disk.create_dir(QUARANTINE)
            disk.replace(f"{QUARANTINE}/{MANIFEST}-{now_ns}", disk.read(MANIFEST))
        disk.replace(DOUBT, doubt.name.encode())
    manifest = Manifest(disk)
    _Recovery(disk, manifest, counters, now_ns, doubt, elsewhere).run()
    unlink_all(disk, [DOUBT] if doubt is not Doubt.NONE else [])
    return manifest


class Doubt(Enum):
    """What is wrong with a manifest, worst last."""

    NONE = "is whole"
    TORN = "ends with bytes that can't be read"
    LOST = "is missing, empty or damaged"


def doubt_of(disk: Disk) -> Doubt:
    """Whether the manifest can have lost steps, by itself or as an unfinished recovery has noted. Changes nothing."""
    if disk.exists(DOUBT):
        return Doubt.TORN if disk.read(DOUBT) == b"TORN" else Doubt.LOST
    found = look(disk)
    if found.damaged_bytes or (not found.records and any(segment_files(disk))):
        return Doubt.LOST
    return Doubt.TORN if found.torn_bytes else Doubt.NONE


class _Recovery:
    def __init__(
        self,
        disk: Disk,
        manifest: Manifest,
        counters: StoreCounters,
        now_ns: int,
        doubt: Doubt,
        elsewhere: Collection[str],
    ) -> None:
        self._elsewhere = elsewhere
        self._disk = disk
        self._manifest = manifest
        self._counters = counters
        self._now_ns = now_ns
        self._doubt = doubt

    def run(self) -> None:
        """Raises OSError."""
        state = self._manifest.state
        present = {*segment_files(self._disk), *self._elsewhere, *map(index_of, self._elsewhere)}
        missing = [each for each in state.segments.values() if not {each.path, index_of(each.path)} <= present]
        strangers = leftovers(self._disk, state)
        lost = bool(missing) or self._doubt is Doubt.LOST or self._log_has_a_gap(state)
        if not lost and self._doubt is Doubt.NONE:
            if strangers:
                _log.info("removing %d files of unfinished work", len(strangers))
                unlink_all(self._disk, strangers)
            return
        if self._doubt is Doubt.NONE:
            self._disk.create_dir(QUARANTINE)
            self._disk.replace(f"{QUARANTINE}/{MANIFEST}-{self._now_ns}", self._disk.read(MANIFEST))
        replacing = self._replacing(state, present)
        whole = [each for each in self._whole(strangers, self._retired(state)) if each.path not in replacing]
        adopted = tuple(whole) if lost else tuple(self._only_copies(whole, state))
        self._report_missing(missing)
        if adopted:
            _log.error(
                "the manifest had lost %d segments with %d items; they are taken in again",
                len(adopted),
                sum(each.rows for each in adopted),
            )
        named = {path for each in adopted for path in (each.path, index_of(each.path))}
        if others := set_aside(self._disk, [path for path in strangers if path not in named]):
            _log.error("%d files that no step of the manifest names are kept as %s", len(others), others[:10])
        self._manifest.apply(
            Step(add=adopted, remove=tuple(each.path for each in missing), retired=self._retired(state))
        )

    def _report_missing(self, missing: list[Segment]) -> None:
        for each in missing:
            self._counters.damaged_bytes.add(each.bytes, where="segments")
            kept = set_aside(self._disk, (each.path, index_of(each.path)))
            _log.error(
                "%s or its index is gone, and with it %d items; what is left is in %s", each.path, each.rows, kept
            )

    def _only_copies(self, whole: list[Segment], state: State) -> Iterator[Segment]:
        """Those that are not in the log, by all that can be known.

        The last step can't be read. If it was a flush that a crash has cut short, all of its generations are there.
        """
        generations = self._unflushed(state)
        if generations:
            # There is no gap before the first; nor is there one between them unless some were unlinked.
            if generations[-1] - generations[0] + 1 > len(generations):
                yield from whole
            return
        yield from whole

    def _replacing(self, state: State, present: set[str]) -> set[str]:
        """Segments made of others that all live: the step that was to put them in their place was cut short."""
        try:
            step = msgspec.json.decode(self._disk.read(REPLACING), type=Step)
        except (FileNotFoundError, msgspec.MsgspecError):
            return set()
        alive = all(path in state.segments and {path, index_of(path)} <= present for path in step.remove)
        return {each.path for each in step.add} if alive else set()

    def _log_has_a_gap(self, state: State) -> bool:
        generations = self._generations()
        return bool(generations) and generations[0] > state.retired + 1

    def _retired(self, state: State) -> int:
        generations = self._generations()
        return max(state.retired, generations[0] - 1) if generations else state.retired

    def _unflushed(self, state: State) -> list[int]:
        return [each for each in self._generations() if each > state.retired]

    def _generations(self) -> list[int]:
        names = names_in(self._disk, LOG)
        return sorted(int(name[:-4]) for name in names if name.endswith(".log") and name[:-4].isdigit())

    def _whole(self, strangers: list[str], generation: int) -> list[Segment]:
        """Those that are complete, index and all."""
        found = list[Segment]()
        for path in strangers:
            if not parse_segment(path):
                continue
            if problem := self._problem(path):
                self._counters.damaged_bytes.add(self._disk.size(path), where="segments")
                _log.error("%s is damaged: %s", path, problem)
                continue
            found.append(described(self._disk, path, generation, self._now_ns))
        return found

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
