"""Where the debug exporter prints, and how often."""

import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from ...component import Clock


class Output:
    """Standard output, standard error and files; each block of text is written to each of them at once."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Raises OSError for a file that can't be opened."""
        self._lock = threading.Lock()
        self._standard: list[str] = []
        self._files: list[TextIO] = []
        for path in paths:
            if path in ("stdout", "stderr"):
                self._standard.append(path)
            else:
                self._files.append(Path(path).open("a", encoding="utf-8"))  # noqa: SIM115 (closed by `close`)

    def write(self, block: str) -> None:
        """Raises OSError."""
        with self._lock:
            for file in (*(getattr(sys, name) for name in self._standard), *self._files):
                file.write(block)
                file.flush()

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            for file in self._files:
                file.close()


class Sampler:
    """Says yes to the first of each second, then to every n-th (0: none)."""

    def __init__(self, initial: int, thereafter: int, clock: Clock) -> None:
        self._initial = initial
        self._thereafter = thereafter
        self._clock = clock
        self._lock = threading.Lock()
        self._second = -1
        self._seen = 0

    def wants(self) -> bool:
        """Asked once per batch."""
        with self._lock:
            second = int(self._clock.monotonic())
            if second != self._second:
                self._second, self._seen = second, 0
            self._seen += 1
            beyond = self._seen - self._initial
            return beyond <= 0 or (self._thereafter > 0 and beyond % self._thereafter == 0)
