"""The threads that take from a sending queue: few while it is idle, all while it is busy."""

import threading
from collections.abc import Callable

from .queue import Queue


class Consumers:
    """Hires threads; each ends when `work` returns, which is when the queue is closed and empty."""

    def __init__(self, queue: Queue, most: int, name: str, work: Callable[[], None]) -> None:
        self._queue = queue
        self._most = most
        self._name = name
        self._work = work
        self._lock = threading.Lock()
        self._count = 0
        self._newest: threading.Thread | None = None
        """Started, but without work so far."""

    def hire(self) -> None:
        """Keep one free for the next parcel. Called when something was put, and by each consumer that got work."""
        with self._lock:
            if self._newest is threading.current_thread():
                self._newest = None
            if self._queue.idle or self._newest or self._count >= self._most:
                return
            self._count += 1
            self._newest = threading.Thread(target=self._work, name=f"{self._name}:{self._count}", daemon=True)
            self._newest.start()
