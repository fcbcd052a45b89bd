"""What can become of a batch that is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from ..component import Permanent, Retryable
from ..telemetry import Batch


@dataclass(frozen=True, slots=True)
class Sent:
    """The backend took the batch, except `rejected` items (OTLP's partial success) for the reason in `message`."""

    rejected: int = 0
    message: str = ""


class PartlySent(Retryable):
    """Some items are settled as `sent` says, of which there are `items`; only `rest` is to be offered again."""

    def __init__(self, message: str, *, sent: Sent, items: int, rest: Batch, after_s: float | None = None) -> None:
        super().__init__(message, after_s=after_s)
        self.sent = sent
        self.items = items
        self.rest = rest


class TooLarge(Permanent):
    """The backend takes no request of this size; it may take the same items in several."""


Send: TypeAlias = Callable[[Batch, float], Sent]
"""Send one batch within so many seconds (maybe infinite); raises Retryable or Permanent."""


class StaysError(Retryable):
    """The stop came before the backend took it; the store keeps it."""
