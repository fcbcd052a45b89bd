"""The metrics of the store of traces and logs, `otelier_store_*`."""

from ...component import Meter
from ..segmented.counters import Counters


class StoreCounters(Counters):
    """Of traces and logs."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(meter, "otelier_store")
