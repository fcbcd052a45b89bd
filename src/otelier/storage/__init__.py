"""Where telemetry is kept: `contract` says what a store is, `local` is the one inside this process."""

from .contract import DataDirectoryError, Store

__all__ = ["DataDirectoryError", "Store"]
