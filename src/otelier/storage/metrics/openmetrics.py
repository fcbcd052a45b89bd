"""Samples with timestamps in OpenMetrics text become segments, in bounded memory: through a log of their own."""

import shutil
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ..._core import Backfill, SeriesLog, flush_series
from ...component import Clock
from .importing import Imported, Made, Session
from .windows import DAY_MS

_PART_BYTES = 4 * 2**20
_LOG_BYTES = 128 * 2**20
"""So much is turned into segments at once."""
_EVER_MS = 2**62
_ANY_NUMBER = 2**31


def import_text(session: Session, file: BinaryIO, tenant: str, clock: Clock) -> Imported:
    """Import all of a file. Raises ValueError with the line that is wrong, and then nothing of it is imported;
    DataDirectoryError, OSError.
    """
    scratch = f"{session.folder}/scratch-{clock.time_ns()}"
    session.disk.create_dir(scratch)
    log = SeriesLog(
        session.disk,
        scratch,
        sync="never",
        max_unflushed_bytes=4 * _LOG_BYTES,
        max_series=_ANY_NUMBER,
        max_series_per_metric=_ANY_NUMBER,
    )
    try:
        made, backfill = list[Made](), Backfill()
        for lines in _parts(file):
            log.append(tenant, backfill.read(lines), clock.time_ns() // 10**6, -_EVER_MS, _EVER_MS)
            if log.unflushed_bytes >= _LOG_BYTES:
                made += _flush(session, log, clock)
        if not backfill.ended:
            raise ValueError("the file does not end with `# EOF`: was it cut off?")
        made += _flush(session, log, clock)
    finally:
        log.close()
        shutil.rmtree(session.root / scratch, ignore_errors=True)
    return session.hand_over(made, ())


def _parts(file: BinaryIO) -> Iterator[bytes]:
    """Whole lines."""
    while part := file.read(_PART_BYTES):
        yield part + file.readline()


def _flush(session: Session, log: SeriesLog, clock: Clock) -> list[Made]:
    sealed = log.rotate()
    generations = [number for number, _ in log.generations() if number <= sealed]
    done = flush_series(session.disk, log, generations, session.folder, clock.time_ns(), DAY_MS)
    log.retire(sealed)
    return [_decode(body) for body in done.segments]


_decode = msgspec.json.Decoder(Made).decode
