"""How many questions are worked on at once; a few others wait a while, then are told to ask again."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from .errors import Busy


class _Inside(threading.local):
    inside: bool = False


class Gate:
    """Lets `limit` threads through at a time, while at most `waiting` others wait."""

    def __init__(self, limit: int, waiting: int, wait_s: float = 20.0) -> None:
        self._limit = limit
        self._wait_s = wait_s
        self._free = threading.BoundedSemaphore(limit)
        self._places = threading.BoundedSemaphore(limit + waiting)
        self._this_thread = _Inside()

    @contextmanager
    def one(self) -> Generator[None]:
        """Hold one of the places; a thread that holds one already goes on. Raises Busy."""
        if self._this_thread.inside:
            yield
            return
        if not self._places.acquire(blocking=False):
            raise Busy(f"{self._limit} queries run at once and enough others wait; ask again later")
        try:
            if not self._free.acquire(timeout=self._wait_s):
                raise Busy(f"{self._limit} queries run at once, none has ended for {self._wait_s:g} s; ask again later")
            self._this_thread.inside = True
            try:
                yield
            finally:
                self._this_thread.inside = False
                self._free.release()
        finally:
            self._places.release()
