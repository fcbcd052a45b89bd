"""The engine of a data directory's metrics, shared by all in this process that name it, under the directory's lock."""

from ..._core import Disk
from ...component import Clock, Meter
from ..directory import METRICS
from ..segmented.lock import make_durably
from ..segmented.sharing import give_back, share
from ..settings import StoreSettings
from .engine import MetricsEngine


def open_metrics(settings: StoreSettings, clock: Clock, meter: Meter) -> MetricsEngine:
    """The engine of the settings' data directory, opened if it isn't yet. To be given back by `close_metrics`.

    Raises DataDirectoryError.
    """
    root = settings.root.absolute()

    def make() -> MetricsEngine:
        make_durably(root / METRICS)
        return MetricsEngine(Disk.real(str(root / METRICS)), clock, settings, meter)

    return share(root, METRICS, settings, clock, make)


def close_metrics(engine: MetricsEngine, timeout_s: float | None = None) -> None:
    """Give an engine back; the last one to do so closes it, within about `timeout_s`."""
    give_back(engine, timeout_s)
