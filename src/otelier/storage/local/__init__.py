"""The store on this machine's disk. ARCHITECTURE.md follows a span through it."""

from .catalogue import CatalogueReader
from .engine import Engine
from .layout import DEFAULT_TENANT, STORED, check_tenant, default_data_directory
from .manifest import Segment, State, Step, read_state
from .open import close_store, open_store
from .settings import FlushSettings, RetentionSettings, StoreSettings

__all__ = [
    "DEFAULT_TENANT",
    "STORED",
    "CatalogueReader",
    "Engine",
    "FlushSettings",
    "RetentionSettings",
    "Segment",
    "State",
    "Step",
    "StoreSettings",
    "check_tenant",
    "close_store",
    "default_data_directory",
    "open_store",
    "read_state",
]
