"""Sends in parts what a backend finds too large.

A receiver has a limit for a request (4 MiB over gRPC, if nobody chose another) that its sender can't know: batches of
8 192 spans are often larger. What was too large once is cut beforehand from then on.
"""

import logging
import math
from collections import deque
from collections.abc import Iterable

from ..component import Permanent, Retryable
from ..telemetry import Batch
from .outcome import PartlySent, Send, Sent, TooLarge


class InParts:
    """A `Send` around another one. Safe for threads."""

    def __init__(self, send: Send, log: "logging.LoggerAdapter[logging.Logger]") -> None:
        self._send = send
        self._log = log
        self._too_large_bytes = math.inf
        """The smallest request that was too large."""

    def __call__(self, batch: Batch, timeout_s: float) -> Sent:
        """Each part has `timeout_s`; one that can't be divided and is still too large counts as rejected.

        Raises Permanent if nothing was taken, Retryable for all of it, or PartlySent.
        """
        waiting = deque(self._cut(batch))
        rejected, failed, texts = 0, 0, dict[str, None]()
        while waiting:
            part = waiting.popleft()
            try:
                sent = self._send(part, timeout_s)
            except Permanent as error:
                if isinstance(error, TooLarge) and part.items > 1:
                    self._note(part, error)
                    waiting.extendleft(reversed(part.split((part.items + 1) // 2)))
                    continue
                if part.items == batch.items:
                    raise
                failed += part.items
                sent = Sent(part.items, str(error))
            except Retryable as error:
                if part.items == batch.items:
                    raise
                raise _rest(batch, part, waiting, error, Sent(rejected, "; ".join(texts))) from error
            rejected += sent.rejected
            if sent.message:
                texts[sent.message] = None
        if failed == batch.items:
            raise Permanent("; ".join(texts))
        return Sent(rejected, "; ".join(texts))

    def _cut(self, batch: Batch) -> list[Batch]:
        if batch.size_bytes < self._too_large_bytes or batch.items < 2:
            return [batch]
        return batch.split_bytes(max(int(self._too_large_bytes) // 2, 1))

    def _note(self, part: Batch, error: TooLarge) -> None:
        if self._too_large_bytes == math.inf:
            self._log.warning("requests go out in parts from now on: %d bytes are too many: %s", part.size_bytes, error)
        self._too_large_bytes = min(self._too_large_bytes, part.size_bytes)


def _rest(batch: Batch, part: Batch, behind: Iterable[Batch], error: Retryable, settled: Sent) -> PartlySent:
    """What is to be offered again: what failed, and what stood behind it."""
    failed = part
    if isinstance(error, PartlySent):
        failed = error.rest
        texts = filter(None, (settled.message, error.sent.message))
        settled = Sent(settled.rejected + error.sent.rejected, "; ".join(texts))
    rest = Batch.join([failed, *behind])
    return PartlySent(str(error), sent=settled, items=batch.items - rest.items, rest=rest, after_s=error.after_s)
