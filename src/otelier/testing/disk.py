"""Disks that fail as real ones do, without a machine to switch off."""

from .._core import Disk


def losing_disk() -> Disk:
    """An empty disk in memory: `crash(seed)` loses what a power cut may lose, `fail` fails a call."""
    return Disk.simulated()
