"""Where things stand in a data directory (docs/spec/data-directory.md). Paths are relative to it, with `/`."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from ...telemetry import Signal

LOCK = "LOCK"
MANIFEST = "manifest"
DOUBT = "manifest.doubted"
"""There while a recovery of the manifest is not finished."""
REPLACING = "manifest.replacing"
"""The step that puts segments in the place of others, while it is being made."""
LOG = "log"
SEGMENTS = "segments"
QUARANTINE = "quarantine"
REQUESTS = "requests"
CATALOGUE = "catalogue.sqlite"

STORED: tuple[Signal, ...] = ("traces", "logs")
"""Signals that this version keeps."""
DEFAULT_TENANT = "default"
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,63}")
_SEGMENT = re.compile(rf"{SEGMENTS}/([A-Za-z0-9_-]{{1,63}})/(traces|logs)/[0-9]{{20}}-[0-9a-f]+\.parquet")


def check_tenant(name: str) -> str:
    """The name, if it may name a tenant (and so a folder). Raises ValueError that says what may."""
    if not _TENANT.fullmatch(name):
        shown = name if len(name) <= 80 else name[:80] + "…"
        raise ValueError(f"not a name of a tenant: {shown!r}; use 1 to 63 letters, digits, _ and -")
    return name


def segment_folder(tenant: str, signal: Signal) -> str:
    """Where the segments of a tenant's signal stand."""
    return f"{SEGMENTS}/{tenant}/{signal}"


def parse_segment(path: str) -> tuple[str, str] | None:
    """Tenant and signal of a segment's path; None if it is no segment's."""
    found = _SEGMENT.fullmatch(path)
    return (found[1], found[2]) if found else None


def index_of(segment: str) -> str:
    """The index beside a segment."""
    return segment.removesuffix(".parquet") + ".index"


def default_data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """`OTELIER_DATA_DIR`, else `otelier` under the user's data home."""
    if chosen := environment.get("OTELIER_DATA_DIR"):
        return Path(chosen).expanduser()
    home = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".local/share")
    return Path(home) / "otelier"
