"""Batches in a queue under numbers that are never given twice: for journals, whose records name batches.

A key is of one process, and what is done may come back after a power cut; a number stays the batch's own.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from ..telemetry import Batch
from .storage import QueueStore

_NUMBER = "otelier-number"


class NumberedQueue:
    """Safe for threads."""

    def __init__(self, queue: QueueStore, log: "logging.LoggerAdapter[logging.Logger]") -> None:
        self._queue = queue
        self._log = log
        self._lock = threading.Lock()
        self.last = 0
        """The highest number that was given, as far as it is known."""
        self.done: Callable[[Sequence[int]], None] = queue.done
        self.close: Callable[[], None] = queue.close

    def begin_behind(self, number: int) -> None:
        """This one was given, too."""
        with self._lock:
            self.last = max(self.last, number)

    def put(self, batch: Batch, now_ns: int) -> tuple[int, int]:
        """Keep a batch; answers key and number. Raises OSError, and keeps nothing."""
        with self._lock:
            self.last += 1
            number = self.last
        return self._queue.put(batch.with_metadata({**batch.metadata, _NUMBER: (str(number),)}), now_ns), number

    def restored(self, is_done: Callable[[int], bool]) -> Iterator[tuple[int, int, Batch]]:
        """What an earlier process left, oldest first: (key, number, batch). Ask once, before anything is put.

        What `is_done`, by its number, goes; what can't be read stays where it is.
        """
        done: list[int] = []
        for key, _, items, _, metadata in self._queue.restored():
            number = int((metadata.get(_NUMBER) or ("0",))[0])
            self.begin_behind(number)
            if is_done(number):
                done.append(key)
                continue
            try:
                batch = self._queue.load(key)
            except OSError as error:
                self._log.error("can't read %d items of the last run: %s; they stay on disk", items, error)
                continue
            yield key, number, batch
        self._queue.done(done)
