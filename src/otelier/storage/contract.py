"""What a store of traces and logs is to those who write to it."""

from typing import Protocol

from ..component import StartError
from ..telemetry import Batch


class Store(Protocol):
    """Takes batches of traces and logs into custody; safe to use from any number of threads."""

    def append(self, tenant: str, batch: Batch) -> None:
        """Keep a batch; when it returns, the batch is as safe as the store's durability says.

        `tenant` has passed `local.layout.check_tenant`. Raises Retryable (or Refused) if it can't be kept now.
        """
        ...


class DataDirectoryError(StartError):
    """A data directory can't be used: read-only, someone else's, in use by another instance, or of another version."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=2)
