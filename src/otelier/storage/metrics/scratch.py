"""Samples in whatever order, and however many, become segments in bounded memory: through a log of their own."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager

from ..._core import Samples, SeriesLog, flush_series
from .importing import Made, Session, made_of
from .incoming import INCOMING

_LOG_BYTES = 128 * 2**20
"""So much is turned into segments at once."""
_EVER_MS = 2**62
_ANY_NUMBER = 2**31


class Scratch:
    """The log; made by `scratch`."""

    def __init__(self, session: Session, folder: str, window_ms: int) -> None:
        self._session = session
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
        self._log.append(tenant, samples, self._session.clock.time_ns() // 10**6, -_EVER_MS, _EVER_MS)
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
        disk, now_ns = self._session.disk, self._session.clock.time_ns()
        done = flush_series(disk, self._log, generations, INCOMING, now_ns, self._window_ms)
        self._log.retire(sealed)
        self._made += [made_of(body) for body in done.segments]


@contextmanager
def scratch(session: Session, window_ms: int) -> Generator[Scratch]:
    """A log that is gone at the end. No segment reaches over a multiple of `window_ms`."""
    folder = f"{INCOMING}/scratch-{session.clock.time_ns()}"
    session.disk.create_dir(folder)
    one = Scratch(session, folder, window_ms)
    try:
        yield one
    finally:
        one.close()
        shutil.rmtree(session.root / folder, ignore_errors=True)
