"""A store as a reader sees it: the manifest's state, and the core's view of segments and log brought up to it.

A reader holds no lock. The writer first says in the manifest what has changed and then deletes files; so whatever a
reader misses is explained by a manifest that is newer than the one it has read, and it looks again.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from .._core import DamagedFile, Disk, StaleView
from ..storage.contract import DataDirectoryError
from ..storage.segmented.files import MANIFEST
from ..storage.segmented.manifest import State, Stored, read_state
from .errors import StoreUnreadable

_log = logging.getLogger(__name__)

_TRIES = 5
_Version = tuple[int, int, int]
V = TypeVar("V", bound="Viewed")
S = TypeVar("S", bound=Stored)
T = TypeVar("T")


class Viewed(Protocol):
    """What is asked of the core's views by those who don't know which one it is."""

    def left_out(self) -> list[str]: ...  # noqa: D102


class Following(ABC, Generic[V, S]):
    """Keeps one view of a store up to date; used from several threads."""

    def __init__(self, root: Path, disk: Disk, view: V, segment: type[S]) -> None:
        """`root`: of the store; it need not exist yet."""
        self.disk = disk
        self._manifest = root / MANIFEST
        self._view = view
        self._segment = segment
        self._lock = threading.Lock()
        self._version: _Version | None = None
        self._state = State[S]()
        self._told: set[str] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def bring_up(self, state: State[S]) -> None:
        """Refresh the view. Raises StaleView, DamagedFile, OSError."""

    def look_elsewhere(self) -> None:
        """Bring what is not written here, before the manifest is read. Raises OSError, StartError."""

    def look_ahead(self) -> None:
        """Do what the next question would have to wait for, while nothing changes."""

    def left_out(self) -> list[str]:
        """What is wrong with each segment that answers are made without; each text begins with its path."""
        return self._view.left_out()

    def read(self, ask: Callable[[V, State[S]], T], *, paired: bool = False) -> T:
        """Ask the view as of now; asks again if files vanish meanwhile. Raises StoreUnreadable.

        `paired`: the answer joins what view and state have, so it is asked again if both moved on meanwhile.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                state = self.refresh()
                answer = ask(self._view, state)
                with self._lock:
                    moved = paired and self._state != state
                if not moved or not tries_left:
                    self._tell_left_out()
                    return answer
            except (StaleView, FileNotFoundError) as error:
                if not tries_left:
                    raise StoreUnreadable(f"{error}; `otelier data verify` says what is missing") from error
                self._version = None
            except (DamagedFile, DataDirectoryError, OSError) as error:
                raise StoreUnreadable(f"can't read the store: {error}") from error
        raise AssertionError

    def refresh(self) -> State[S]:
        """Bring the view up to what is on disk now. Raises StaleView, DamagedFile, DataDirectoryError, OSError."""
        self.look_elsewhere()
        with self._lock:
            for _ in range(_TRIES):
                version = self._stat()
                if version != self._version or version is None:
                    self._state = read_state(self.disk, self._segment)
                self.bring_up(self._state)
                self._version = version
                # A generation that went while the log was read is in a segment that only the new manifest names.
                if self._stat() == version:
                    break
            return self._state

    def _tell_left_out(self) -> None:
        for text in self.left_out():
            if text not in self._told:
                self._told.add(text)
                _log.error("answers are made without a segment: %s", text)

    def keep_fresh(self, interval_s: float) -> None:
        """Follow the log in the background, so that a question after a pause finds little left to read."""

        def run() -> None:
            before = ahead = None
            while True:
                try:
                    self.refresh()
                    # While segments come and go, most would be gone before they are asked for.
                    if ahead != self._version and before in (None, self._version):
                        self.look_ahead()
                        ahead = self._version
                    before = self._version
                except BaseException as error:  # noqa: BLE001 (also a panic; a query will say it, this thread goes on)
                    _log.warning("can't follow the store: %s", error)
                if self._stop.wait(interval_s):
                    return

        self._thread = threading.Thread(target=run, name="otelier:follow", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _stat(self) -> _Version | None:
        try:
            stat = self._manifest.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns
