"""The engine of a data directory's traces and logs, shared by all in this process that name it."""

from ..._core import Disk
from ...component import Clock, Meter
from ..segmented.sharing import give_back, share
from ..settings import StoreSettings
from .catalogue import Catalogue
from .engine import Engine
from .layout import CATALOGUE


def open_store(settings: StoreSettings, clock: Clock, meter: Meter) -> Engine:
    """The engine of the settings' data directory, opened if it isn't yet. To be given back by `close_store`.

    Raises DataDirectoryError.
    """
    root = settings.root.absolute()

    def make() -> Engine:
        disk = Disk.real(str(root))
        return Engine(disk, clock, settings, meter, Catalogue(disk, root / CATALOGUE))

    return share(root, "traces and logs", settings, clock, make)


def close_store(engine: Engine, timeout_s: float | None = None) -> None:
    """Give an engine back; the last one to do so closes it, within about `timeout_s`."""
    give_back(engine, timeout_s)
