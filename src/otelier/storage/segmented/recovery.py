"""What is found in a data directory that should not be so, and what becomes of it. Nothing that may be data is deleted.

A crash leaves files that no step of the manifest names: a flush or a merge that was not finished. They hold nothing
that isn't elsewhere, so they go. But if the manifest itself has lost steps, files without a name may be the only copy:
then they are taken in again. That steps are lost shows by what cannot be otherwise: the manifest is missing, empty or
damaged, a segment that it names is gone, or generations of the log are gone that it does not call retired.

An end that can't be read may be both: a step that a crash has cut short, or one that was whole and is damaged now. The
log tells which; what is only likely to be elsewhere is kept in quarantine.
"""

import logging
from collections.abc import Collection, Iterator
from enum import Enum
from typing import Generic, TypeVar

import msgspec

from ..._core import Disk
from ..contract import DataDirectoryError
from .counters import Counters
from .files import DOUBT, MANIFEST, QUARANTINE, REPLACING, generations, set_aside, unlink_all
from .kind import Kind
from .manifest import Manifest, State, Step, Stored, look

_log = logging.getLogger("otelier.store")
S = TypeVar("S", bound=Stored)


def note_replacing(disk: Disk, step: Step[S]) -> None:
    """Before a step that puts segments in the place of others: if a crash cuts it short, this tells what it was.

    It may stay: when the step was made, its `remove` lives no longer. Raises OSError.
    """
    disk.replace(REPLACING, msgspec.json.encode(step))


def open_manifest(
    disk: Disk, kind: Kind[S], counters: Counters, now_ns: int, elsewhere: Collection[str] = ()
) -> Manifest[S]:
    """The manifest, in agreement with the files; before anything else is done in the directory.

    Opening it writes it anew, so what is wrong with it is written down first: a crash meanwhile must not hide it.
    Segments that are `elsewhere` need not be here. Raises DataDirectoryError, OSError.
    """
    _refuse_foreign(disk, kind)
    doubt = doubt_of(disk, kind)
    if doubt is not Doubt.NONE:
        _log.error("the manifest %s; looking for segments that it does not name", doubt.value)
        if disk.exists(MANIFEST):
            disk.create_dir(QUARANTINE)
            disk.replace(f"{QUARANTINE}/{MANIFEST}-{now_ns}", disk.read(MANIFEST))
        disk.replace(DOUBT, doubt.name.encode())
    manifest = Manifest(disk, kind.segment)
    _Recovery(disk, kind, manifest, counters, now_ns, doubt, elsewhere).run()
    unlink_all(disk, [DOUBT] if doubt is not Doubt.NONE else [])
    return manifest


def _refuse_foreign(disk: Disk, kind: Kind[S]) -> None:
    """Before anything is changed for segments that only another version of Otelier can read."""
    newest = max(filter(kind.is_segment, kind.files_on(disk)), key=lambda path: path.rpartition("/")[2], default="")
    if newest and (why := kind.foreign(disk, newest)):
        raise DataDirectoryError(f"the data directory can't be opened: {newest}: {why}")


class Doubt(Enum):
    """What is wrong with a manifest, worst last."""

    NONE = "is whole"
    TORN = "ends with bytes that can't be read"
    LOST = "is missing, empty or damaged"


def doubt_of(disk: Disk, kind: Kind[S]) -> Doubt:
    """Whether the manifest can have lost steps, by itself or as an unfinished recovery has noted. Changes nothing."""
    if disk.exists(DOUBT):
        return Doubt.TORN if disk.read(DOUBT) == b"TORN" else Doubt.LOST
    found = look(disk)
    if found.damaged_bytes or (not found.records and any(kind.files_on(disk))):
        return Doubt.LOST
    return Doubt.TORN if found.torn_bytes else Doubt.NONE


class _Recovery(Generic[S]):
    def __init__(
        self,
        disk: Disk,
        kind: Kind[S],
        manifest: Manifest[S],
        counters: Counters,
        now_ns: int,
        doubt: Doubt,
        elsewhere: Collection[str],
    ) -> None:
        self._elsewhere = elsewhere
        self._disk = disk
        self._kind = kind
        self._manifest = manifest
        self._counters = counters
        self._now_ns = now_ns
        self._doubt = doubt

    def run(self) -> None:
        """Raises OSError."""
        state = self._manifest.state
        present = set(self._kind.files_on(self._disk))
        present.update(file for path in self._elsewhere for file in self._kind.files(path))
        missing = [each for each in state.segments.values() if not present.issuperset(self._kind.needed(each.path))]
        strangers = self._kind.leftovers(self._disk, state)
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
                sum(map(self._kind.items, adopted)),
            )
        named = {path for each in adopted for path in self._kind.files(each.path)}
        if others := set_aside(self._disk, [path for path in strangers if path not in named]):
            _log.error("%d files that no step of the manifest names are kept as %s", len(others), others[:10])
        self._manifest.apply(
            Step(add=adopted, remove=tuple(each.path for each in missing), retired=self._retired(state))
        )

    def _report_missing(self, missing: list[S]) -> None:
        for each in missing:
            self._counters.damaged_bytes.add(each.bytes, where="segments")
            kept = set_aside(self._disk, self._kind.files(each.path))
            _log.error(
                "%s or its index is gone, and with it %d items; what is left is in %s",
                each.path,
                self._kind.items(each),
                kept,
            )

    def _only_copies(self, whole: list[S], state: State[S]) -> Iterator[S]:
        """Those that are not in the log, by all that can be known.

        The last step can't be read. If it was a flush that a crash has cut short, all of its generations are there.
        """
        unflushed = [each for each in generations(self._disk) if each > state.retired]
        if unflushed:
            # There is no gap before the first; nor is there one between them unless some were unlinked.
            if unflushed[-1] - unflushed[0] + 1 > len(unflushed):
                yield from whole
            return
        yield from whole

    def _replacing(self, state: State[S], present: set[str]) -> set[str]:
        """Segments made of others that all live: the step that was to put them in their place was cut short."""
        try:
            step = msgspec.json.decode(self._disk.read(REPLACING), type=Step[self._kind.segment])
        except (FileNotFoundError, msgspec.MsgspecError):
            return set()
        alive = all(path in state.segments and present.issuperset(self._kind.needed(path)) for path in step.remove)
        return {each.path for each in step.add} if alive else set()

    def _log_has_a_gap(self, state: State[S]) -> bool:
        numbers = generations(self._disk)
        return bool(numbers) and numbers[0] > state.retired + 1

    def _retired(self, state: State[S]) -> int:
        numbers = generations(self._disk)
        return max(state.retired, numbers[0] - 1) if numbers else state.retired

    def _whole(self, strangers: list[str], generation: int) -> list[S]:
        """Those that are complete, with all their files."""
        found = list[S]()
        for path in strangers:
            if not self._kind.is_segment(path):
                continue
            if problem := self._problem(path):
                self._counters.damaged_bytes.add(self._disk.size(path), where="segments")
                _log.error("%s is damaged: %s", path, problem)
                continue
            described = self._kind.described(self._disk, path)
            found.append(msgspec.structs.replace(described, generation=generation, written_ns=self._now_ns))
        return found

    def _problem(self, path: str) -> str:
        try:
            return self._kind.verify(self._disk, path)
        except (OSError, ValueError) as error:
            return str(error)
