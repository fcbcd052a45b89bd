"""One engine of each store per data directory in this process, however many components name it; one lock for all."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ...component import Clock
from ..contract import DataDirectoryError
from .lock import DirectoryLock


class Closable(Protocol):
    """An engine."""

    def close(self, timeout_s: float | None = None) -> None:
        """Let go of everything, within about `timeout_s`."""
        ...


E = TypeVar("E", bound=Closable)


@dataclass(slots=True)
class _Shared:
    engine: Any
    settings: object
    users: int = 1


@dataclass(slots=True)
class _Directory:
    lock: DirectoryLock
    engines: dict[str, _Shared] = field(default_factory=dict[str, _Shared])


_open: dict[Path, _Directory] = {}
_guard = threading.Lock()


def share(root: Path, store: str, settings: object, clock: Clock, make: Callable[[], E]) -> E:
    """The engine of a directory's `store`, made if there is none yet. To be given back by `give_back`.

    `settings`: those who share it must agree on them. Raises DataDirectoryError.
    """
    with _guard:
        directory = _open.get(root.resolve())
        if directory and (shared := directory.engines.get(store)):
            if shared.settings != settings:
                raise DataDirectoryError(f"{root} is open with other settings: those that share it must agree")
            shared.users += 1
            return shared.engine
        lock = directory.lock if directory else DirectoryLock(root, clock.time_ns())
        try:
            engine = make()
        except BaseException as error:
            if not directory:
                lock.release()
            if isinstance(error, OSError):
                raise DataDirectoryError(f"can't open the data directory {root}: {error}") from error
            raise
        directory = _open.setdefault(root.resolve(), _Directory(lock))
        directory.engines[store] = _Shared(engine, settings)
        return engine


def give_back(engine: Closable, timeout_s: float | None = None) -> None:
    """The last one to give an engine back closes it, within about `timeout_s`; the last engine releases the lock."""
    with _guard:
        for root, directory in _open.items():
            for store, shared in directory.engines.items():
                if shared.engine is engine:
                    shared.users -= 1
                    if shared.users:
                        return
                    del directory.engines[store]
                    try:
                        engine.close(timeout_s)
                    finally:
                        if not directory.engines:
                            del _open[root]
                            directory.lock.release()
                    return
