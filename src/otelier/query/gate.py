"""How many questions are worked on at once; the others wait a while, then are told to ask again."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from .errors import Busy


class Gate:
    """Lets `limit` threads through at a time."""

    def __init__(self, limit: int, wait_s: float = 20.0) -> None:
        self._limit = limit
        self._wait_s = wait_s
        self._free = threading.BoundedSemaphore(limit)

    @contextmanager
    def one(self) -> Generator[None]:
        """Hold one of the places. Raises Busy."""
        if not self._free.acquire(timeout=self._wait_s):
            raise Busy(f"{self._limit} queries run at once and none has ended for {self._wait_s:g} s; ask again later")
        try:
            yield
        finally:
            self._free.release()
