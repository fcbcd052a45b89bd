"""A copy of the metrics as they are at one moment, in the data directory itself: a data directory, to be moved away."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ..._core import Disk
from ...component import Clock
from ..contract import DataDirectoryError
from ..directory import METRICS
from ..segmented.backup import copy_state
from .engine import MetricsEngine
from .segment import SERIES

SNAPSHOTS = "snapshots"
_ROUNDS = 10


def take_snapshot(root: Path, engine: MetricsEngine, clock: Clock, *, skip_log: bool) -> str:
    """Copy the segments of the engine of `root` to `snapshots/<name>`, by links where the file system can; the name.

    What is in the log alone is written into segments before, unless `skip_log`. Raises DataDirectoryError, OSError.
    """
    moment = datetime.fromtimestamp(clock.time_ns() / 1e9, UTC)
    name = f"{moment:%Y%m%dT%H%M%SZ}-{os.urandom(8).hex()}"
    target, disk = root / SNAPSHOTS / name, Disk.real(str(root / METRICS))
    try:
        for _ in range(_ROUNDS):
            state = engine.state if skip_log else engine.flush()
            if copy_state(root / METRICS, disk, target / METRICS, SERIES, state):
                return name
            shutil.rmtree(target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    raise DataDirectoryError(f"{root / METRICS} changes faster than it can be copied: try again")
