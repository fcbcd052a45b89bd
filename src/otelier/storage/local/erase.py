"""Deleting traces by hand: by this process if nobody has the directory open, else by the one that has."""

from collections.abc import Sequence
from pathlib import Path

from ...component import Clock
from ..contract import DataDirectoryError
from ..segmented.lock import DirectoryLock, holder
from .deletion import Deleted
from .open import open_by_hand
from .requests import delete_traces


def erase(root: Path, clock: Clock, tenant: str, trace_ids: Sequence[bytes], *, logs: bool) -> Deleted:
    """Take traces out, with `logs` their log records, too. Raises DataDirectoryError."""
    if holder(root) is not None:
        return delete_traces(root, clock, tenant, trace_ids, logs=logs)
    lock = DirectoryLock(root, clock.time_ns())
    try:
        engine = open_by_hand(root, clock)
        try:
            return engine.delete(tenant, trace_ids, logs=logs)
        finally:
            engine.close()
    except (OSError, ValueError) as error:
        raise DataDirectoryError(f"traces in {root} can't be deleted: {error}") from error
    finally:
        lock.release()
