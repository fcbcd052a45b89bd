"""One batch for several consumers.

Every consumer is asked, whatever another one answered. If at least one can't take the batch now
(`Retryable`), so does the whole: the sender offers it again, and those who took it get it twice, because a
duplicate can be undone and a loss can't. If all that failed failed for good, so does the whole. Batches are
immutable: nobody gets a copy.

`Rejected` by some is told to the sender as it is, if it is all that went wrong.
"""

import logging
from collections.abc import Sequence

from ..component import Consumer, Counter, Invalid, OtelierError, Permanent, Rejected, Retryable
from ..telemetry import Batch

_log = logging.getLogger("otelier.pipeline")


def fan_out(source: str, targets: Sequence[tuple[str, Consumer]], refused: Counter) -> Consumer:
    """A consumer in front of named `targets`; of a single one, that one itself.

    `refused` counts items by `from`, `to` and `otel.signal` for each target that failed.
    """
    return targets[0][1] if len(targets) == 1 else _FanOut(source, targets, refused)


class _FanOut:
    def __init__(self, source: str, targets: Sequence[tuple[str, Consumer]], refused: Counter) -> None:
        self._source = source
        self._targets = tuple(targets)
        self._refused = refused

    def consume(self, batch: Batch) -> None:
        failures: list[tuple[str, Exception]] = []
        for name, consumer in self._targets:
            try:
                consumer.consume(batch)
            except Exception as error:  # noqa: BLE001 - one consumer's fault must not keep the batch from the others
                failures.append((name, error))
        if failures:
            for name, error in failures:
                self._count(name, error, batch)
            raise _joined(failures, partly_taken=len(failures) < len(self._targets))

    def _count(self, name: str, error: Exception, batch: Batch) -> None:
        labels = {"from": self._source, "to": name, "otel.signal": batch.signal}
        self._refused.add(batch.items, **labels)
        if not isinstance(error, OtelierError):
            _log.error("%s failed: %s", name, error, exc_info=error)


def _joined(failures: list[tuple[str, Exception]], *, partly_taken: bool) -> OtelierError:
    message = "; ".join(f"{name}: {error}" for name, error in failures)
    retryable = [error for _, error in failures if isinstance(error, Retryable)]
    rejected = [error.items for _, error in failures if isinstance(error, Rejected)]
    if len(rejected) == len(failures):
        return Rejected(message, items=max(rejected))
    if not retryable:
        partly_taken |= any(isinstance(error, Permanent) and error.partly_taken for _, error in failures)
        kind = Invalid if all(isinstance(error, Invalid) for _, error in failures) else Permanent
        return kind(message, partly_taken=partly_taken)
    waits = [error.after_s for error in retryable if error.after_s is not None]
    return Retryable(message, after_s=max(waits, default=None))
