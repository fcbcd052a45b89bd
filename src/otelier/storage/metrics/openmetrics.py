"""Samples with timestamps in OpenMetrics text become segments."""

from collections.abc import Iterator
from typing import BinaryIO

from ..._core import Backfill
from .importing import Imported, Session
from .scratch import scratch
from .windows import DAY_MS

_PART_BYTES = 4 * 2**20


def import_text(session: Session, file: BinaryIO, tenant: str) -> Imported:
    """Import all of a file. Raises ValueError with the line that is wrong, and then nothing of it is imported;
    DataDirectoryError, OSError.
    """
    with scratch(session, DAY_MS) as log:
        backfill = Backfill()
        for lines in _parts(file):
            log.append(tenant, backfill.read(lines))
        if not backfill.ended:
            raise ValueError("the file does not end with `# EOF`: was it cut off?")
        made = log.segments()
    return session.hand_over(made, ())


def _parts(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines."""
    while part := file.read(_PART_BYTES):
        yield part + file.readline()
