"""The manifest: which segments live, and up to which generation the log is in them. It is the truth about the store.

A records file of JSON steps (docs/spec/manifest.md); one step is one change of the store, durable and whole or not
there at all. It is written anew, as one step, when it has grown to several times what it says.
"""

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from ..._core import Disk, Records, damaged_bytes, read_records
from ..contract import DataDirectoryError
from .files import MANIFEST

_log = logging.getLogger("otelier.store")
_GROWN = 4
"""Rewritten when it holds so many records per living segment …"""
_GROWN_AT_LEAST = 256
"""… and at least so many."""
_FRAME = 12
"""Bytes of a record besides its body (docs/spec/records.md)."""


class Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One immutable segment, as the manifest names it: what is the same in all stores."""

    path: str
    """Of its main file; the others stand beside it."""
    tenant: str
    bytes: int
    """Of all its files."""
    generation: int = 0
    """Newest generation of the log that went into it: the order in which things were written, whatever clocks said."""
    written_ns: int = 0
    """Wall clock when that generation was written into a segment."""


S = TypeVar("S", bound=Stored)


class Step(msgspec.Struct, Generic[S], frozen=True, kw_only=True, omit_defaults=True):
    """One change of the store."""

    add: tuple[S, ...] = ()
    remove: tuple[str, ...] = ()
    """Paths."""
    retired: int = 0
    """Generations of the log up to this one are in segments now; 0: no change."""


@dataclass(frozen=True)
class State(Generic[S]):
    """What all steps so far make; never changes, so that it may be read without a lock."""

    segments: Mapping[str, S] = field(default_factory=dict[str, S])
    """By path, in the order in which they were added."""
    retired: int = 0

    def after(self, step: Step[S]) -> "State[S]":
        """The state that a step makes."""
        segments = dict(self.segments)
        for path in step.remove:
            segments.pop(path, None)
        segments.update((each.path, each) for each in step.add)
        return State(segments, max(self.retired, step.retired))


def replay(bodies: Iterable[bytes], segment: type[S]) -> State[S]:
    """The state that records make. Raises DataDirectoryError if one is not understood."""
    state, decode = State[S](), msgspec.json.Decoder(Step[segment]).decode
    for body in bodies:
        try:
            step = decode(body)
        except msgspec.DecodeError as error:
            raise DataDirectoryError(
                f"the manifest holds a step that this version does not know ({error}): was it written by a newer one?"
            ) from error
        state = state.after(step)
    return state


def read_state(disk: Disk, segment: type[S]) -> State[S]:
    """The state as it is on disk, for those who don't hold the lock; empty if there is no manifest.

    Raises DataDirectoryError, OSError.
    """
    try:
        return replay(read_records(disk, MANIFEST), segment)
    except FileNotFoundError:
        return State()


@dataclass(frozen=True, slots=True)
class Found:
    """How a manifest's file looks."""

    records: int = 0
    damaged_bytes: int = 0
    """Between good records."""
    torn_bytes: int = 0
    """At the end."""


def look(disk: Disk) -> Found:
    """At the file, without changing it; nothing but zeros if there is none. Raises OSError."""
    try:
        size, bodies, damaged = disk.size(MANIFEST), read_records(disk, MANIFEST), damaged_bytes(disk, MANIFEST)
    except FileNotFoundError:
        return Found()
    good = sum(_FRAME + len(body) for body in bodies)
    return Found(len(bodies), damaged, max(size - good - damaged, 0))


class Manifest(Generic[S]):
    """The writer's manifest; only under the directory's lock."""

    def __init__(self, disk: Disk, segment: type[S]) -> None:
        """Open it or make it. Raises DataDirectoryError, OSError."""
        records = Records(disk, MANIFEST)
        bodies = records.records
        self._records: Records | None = records
        self._lock = threading.Lock()
        self._count = len(bodies)
        self._state = replay(bodies, segment)
        self._unsure = bool(records.damage)
        if not bodies:
            self._begin()

    def _begin(self) -> None:
        """A first step that changes nothing: a manifest without any is one that has lost them."""
        try:
            self._file().append(_encode(Step[S]()))
            self._count = 1
        except OSError:
            self._unsure = True  # a full disk: before the next step it is written anew

    @property
    def state(self) -> State[S]:
        """After the last step."""
        return self._state

    def apply(self, step: Step[S]) -> State[S]:
        """Make a step durable; the new state. Raises OSError, and then nothing has changed."""
        with self._lock:
            self._settle()
            state = self._state.after(step)
            try:
                self._file().append(_encode(step))
            except OSError:
                self._unsure = True
                raise
            self._state = state
            self._count += 1
            if self._count >= max(_GROWN * len(state.segments), _GROWN_AT_LEAST):
                self._shrink()
            return state

    def settle(self) -> None:
        """After a failed step: make sure that the file says what `state` says. Raises OSError."""
        with self._lock:
            self._settle()

    def close(self) -> None:
        """Let go of the file; later steps raise OSError."""
        with self._lock:
            self._records = None

    def _settle(self) -> None:
        # Whether a failed step is in the file nobody knows. Before anything relies on either, it is written anew.
        if self._unsure:
            self._rewrite()
            self._unsure = False

    def _shrink(self) -> None:
        try:
            self._rewrite()
        except OSError as error:
            self._unsure = True
            _log.warning("can't write the manifest anew: %s; trying again with the next step", error)

    def _rewrite(self) -> None:
        step = Step[S](add=tuple(self._state.segments.values()), retired=self._state.retired)
        self._file().rewrite([_encode(step)])
        self._count = 1

    def _file(self) -> Records:
        if self._records is None:
            raise OSError("the manifest is closed")
        return self._records


_encode = msgspec.json.Encoder().encode
