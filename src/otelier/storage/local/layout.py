"""Where traces and logs stand in a data directory (docs/spec/data-directory.md). Paths are relative to it, with `/`."""

import re

from ...telemetry import Signal
from ..segmented.files import SEGMENTS

CATALOGUE = "catalogue.sqlite"
REQUESTS = "requests"

_SEGMENT = re.compile(rf"{SEGMENTS}/([A-Za-z0-9_-]{{1,63}})/(traces|logs)/[0-9]{{20}}-[0-9a-f]+\.parquet")


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
