"""Batches for several consumers: one for all of them, or each its own.

Every consumer is asked, whatever another one answered. If at least one can't take its batch now
(`Retryable`), so does the whole: the sender offers it again, and those who took theirs get it twice, because a
duplicate can be undone and a loss can't. If all that failed failed for good, so does the whole. Batches are
immutable: nobody gets a copy.

`Rejected` by some is told to the sender as it is, if it is all that went wrong.
"""

import logging
from collections.abc import Sequence
from typing import TypeAlias

from ..telemetry import Batch
from .contracts import Consumer
from .errors import Invalid, OtelierError, Permanent, Rejected, Retryable
from .meter import Counter

_log = logging.getLogger("otelier.pipeline")

Handed: TypeAlias = tuple[str, Consumer, Batch]
"""To whom, by name, and what."""


def fan_out(source: str, targets: Sequence[tuple[str, Consumer]], refused: Counter) -> Consumer:
    """A consumer in front of named `targets`; of a single one, that one itself.

    `refused` counts items by `from`, `to` and `otel.signal` for each target that failed.
    """
    return targets[0][1] if len(targets) == 1 else _FanOut(source, targets, refused)


def hand_out(source: str, parts: Sequence[Handed], refused: Counter) -> None:
    """Give each consumer its batch. Raises what all of their answers come to."""
    failures: list[tuple[str, Batch, Exception]] = []
    for name, consumer, batch in parts:
        try:
            consumer.consume(batch)
        except Exception as error:  # noqa: BLE001 - one consumer's fault must not keep the batch from the others
            failures.append((name, batch, error))
    for name, batch, error in failures:
        refused.add(batch.items, **{"from": source, "to": name, "otel.signal": batch.signal})
        if not isinstance(error, OtelierError):
            _log.error("%s failed: %s", name, error, exc_info=error)
    if failures:
        raise _joined(failures, partly_taken=len(failures) < len(parts))


class _FanOut:
    def __init__(self, source: str, targets: Sequence[tuple[str, Consumer]], refused: Counter) -> None:
        self._source = source
        self._targets = tuple(targets)
        self._refused = refused

    def consume(self, batch: Batch) -> None:
        hand_out(self._source, [(name, consumer, batch) for name, consumer in self._targets], self._refused)


def _joined(failures: list[tuple[str, Batch, Exception]], *, partly_taken: bool) -> OtelierError:
    message = "; ".join(f"{name}: {error}" for name, _, error in failures)
    retryable = [error for *_, error in failures if isinstance(error, Retryable)]
    if all(isinstance(error, Rejected) for *_, error in failures):
        return Rejected(message, items=_rejected(failures))
    if not retryable:
        partly_taken |= any(isinstance(error, Permanent) and error.partly_taken for *_, error in failures)
        kind = Invalid if all(isinstance(error, Invalid) for *_, error in failures) else Permanent
        return kind(message, partly_taken=partly_taken)
    waits = [error.after_s for error in retryable if error.after_s is not None]
    return Retryable(message, after_s=max(waits, default=None))


def _rejected(failures: list[tuple[str, Batch, Exception]]) -> int:
    """Of the same batch the same items may have been rejected by several; of others, others."""
    most: dict[int, int] = {}
    for _, batch, error in failures:
        if isinstance(error, Rejected):
            most[id(batch)] = max(most.get(id(batch), 0), error.items)
    return sum(most.values())
