"""One engine per data directory in this process, however many exporters and pipelines name it."""

import threading
from dataclasses import dataclass
from pathlib import Path

from ...component import Clock, Meter
from ..contract import DataDirectoryError
from .bucket.attach import attach_writer, open_disk
from .catalogue import Catalogue
from .engine import Engine
from .layout import CATALOGUE
from .lock import DirectoryLock
from .settings import StoreSettings


@dataclass(slots=True)
class _Open:
    engine: Engine
    lock: DirectoryLock
    settings: StoreSettings
    users: int = 1


_open: dict[Path, _Open] = {}
_guard = threading.Lock()


def open_store(settings: StoreSettings, clock: Clock, meter: Meter) -> Engine:
    """The engine of the settings' data directory, opened if it isn't yet. To be given back by `close_store`.

    Raises DataDirectoryError.
    """
    root = settings.root.absolute()
    with _guard:
        key = root.resolve()
        if shared := _open.get(key):
            if shared.settings != settings:
                raise DataDirectoryError(f"{root} is open with other settings: exporters that share it must agree")
            shared.users += 1
            return shared.engine
        lock = DirectoryLock(root, clock.time_ns())
        try:
            disk = open_disk(root)
            engine = Engine(
                disk,
                clock,
                settings,
                meter,
                Catalogue(disk, root / CATALOGUE),
                lambda counters: attach_writer(root, settings.storage, settings.s3, clock, counters),
            )
        except OSError as error:
            lock.release()
            raise DataDirectoryError(f"can't open the data directory {root}: {error}") from error
        except BaseException:
            lock.release()
            raise
        _open[root.resolve()] = _Open(engine, lock, settings)
        return engine


def close_store(engine: Engine, timeout_s: float | None = None) -> None:
    """Give an engine back; the last one to do so closes it, within about `timeout_s`."""
    with _guard:
        for root, shared in _open.items():
            if shared.engine is engine:
                shared.users -= 1
                if not shared.users:
                    del _open[root]
                    engine.close(timeout_s)
                    shared.lock.release()
                return
