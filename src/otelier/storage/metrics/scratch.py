"""Samples in whatever order, and however many, become segments in bounded memory: through a log of their own."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from ..._core import Samples, SeriesLog, flush_series
from ...component import Clock
from .importing import Made, Session

_LOG_BYTES = 128 * 2**20
"""So much is turned into segments at once."""
_EVER_MS = 2**62
_ANY_NUMBER = 2**31


class Scratch:
    """The log; made by `scratch`."""

    def __init__(self, session: Session, clock: Clock, folder: str, window_ms: int) -> None:
        self._session = session
        self._clock = clock
        self._window_ms = window_ms
        self._made = list[Made]()
        self._log = SeriesLog(
            session.disk,
            folder,
            sync="never",
            max_unflushed_bytes=4 * _LOG_BYTES,
            max_series=_ANY_NUMBER,
            max_series_per_metric=_ANY_NUMBER,
            max_label_names=_ANY_NUMBER,
        )

    def append(self, tenant: str, samples: Samples) -> None:
        """Take samples of any time. Raises OSError."""
        self._log.append(tenant, samples, self._clock.time_ns() // 10**6, -_EVER_MS, _EVER_MS)
        if self._log.unflushed_bytes >= _LOG_BYTES:
            self._flush()

    def segments(self) -> list[Made]:
        """All that was appended, durable. Raises OSError."""
        self._flush()
        return self._made

    def close(self) -> None:
        """Let go of the log."""
        self._log.close()

    def _flush(self) -> None:
        sealed = self._log.rotate()
        generations = [number for number, _ in self._log.generations() if number <= sealed]
        disk, folder = self._session.disk, self._session.folder
        done = flush_series(disk, self._log, generations, folder, self._clock.time_ns(), self._window_ms)
        self._log.retire(sealed)
        self._made += [_decode(body) for body in done.segments]


@contextmanager
def scratch(session: Session, clock: Clock, window_ms: int) -> Generator[Scratch]:
    """A log that is gone at the end. No segment reaches over a multiple of `window_ms`."""
    folder = f"{session.folder}/scratch-{clock.time_ns()}"
    session.disk.create_dir(folder)
    one = Scratch(session, clock, folder, window_ms)
    try:
        yield one
    finally:
        one.close()
        shutil.rmtree(session.root / folder, ignore_errors=True)


_decode = msgspec.json.Decoder(Made).decode
