"""The store of traces and logs on this machine's disk. ARCHITECTURE.md follows a span through it."""

from ..directory import DEFAULT_TENANT, check_tenant, default_data_directory
from ..settings import FlushSettings, StoreSettings, TelemetryRetention
from .catalogue import CatalogueReader
from .engine import Engine
from .manifest import Segment, State, Step, read_state
from .open import close_store, open_store

__all__ = [
    "DEFAULT_TENANT",
    "CatalogueReader",
    "Engine",
    "FlushSettings",
    "Segment",
    "State",
    "Step",
    "StoreSettings",
    "TelemetryRetention",
    "check_tenant",
    "close_store",
    "default_data_directory",
    "open_store",
    "read_state",
]
