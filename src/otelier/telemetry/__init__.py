"""Telemetry in memory: the batch (encoded OTLP plus an index), signals, ids and time."""

from .._core import Batch, DecodeError, Intake, live_bytes
from .signal import SIGNALS, Signal, item_name, items_suffix

__all__ = ["SIGNALS", "Batch", "DecodeError", "Intake", "Signal", "item_name", "items_suffix", "live_bytes"]
