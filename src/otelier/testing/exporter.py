"""A consumer that remembers what it was given and can be told to fail."""

import threading
from collections import deque

from ..telemetry import Batch


class MemoryExporter:
    """Hand it to a component as `next` (or as an output), then look at `batches`."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        """What was accepted, in order of arrival."""
        self._arrived = threading.Condition()
        self._failures: deque[Exception] = deque()

    def consume(self, batch: Batch) -> None:
        with self._arrived:
            if self._failures:
                raise self._failures.popleft()
            self.batches.append(batch)
            self._arrived.notify_all()

    def fail_with(self, *errors: Exception) -> None:
        """Refuse the next batches, one error each."""
        with self._arrived:
            self._failures.extend(errors)

    @property
    def items(self) -> int:
        with self._arrived:
            return sum(batch.items for batch in self.batches)

    @property
    def digest(self) -> int:
        """Sum of the batches' digests: equal to that of what was sent, however it was split and joined."""
        with self._arrived:
            return sum(batch.digest() for batch in self.batches) % 2**64

    def until_items(self, count: int, *, within_s: float = 10) -> None:
        """Wait (in real time) until that many items have arrived."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: sum(b.items for b in self.batches) >= count, within_s):
                seen = sum(b.items for b in self.batches)
                raise AssertionError(f"{seen} of {count} items arrived within {within_s} s")
