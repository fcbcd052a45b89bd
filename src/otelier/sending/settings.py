"""Keys that every exporter has: time-out, retry, queue and the batching inside the queue."""

from collections.abc import Iterable
from typing import Literal

from ..component import ComponentID, Config, Duration


class RetrySettings(Config):
    """`retry_on_failure`: how often a batch is offered again that the backend could not take just now."""

    enabled: bool = True
    """Offer again; otherwise each failure drops the batch (counted)."""
    initial_interval: Duration = Duration(5)
    """Wait before the second attempt."""
    randomization_factor: float = 0.5
    """Each wait is spread at random by this share up and down, so that senders don't come back all at once."""
    multiplier: float = 1.5
    """Each wait is this many times the one before."""
    max_interval: Duration = Duration(30)
    """Longest wait between two attempts; a backend may ask for more."""
    max_elapsed_time: Duration = Duration(300)
    """Give up and drop when the next attempt would be later than this after the first; 0 = never."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges, as the Collector checks them."""
        for key in ("initial_interval", "max_interval", "max_elapsed_time"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"
        if not 0 <= self.randomization_factor <= 1:
            yield "randomization_factor", "must be from 0 to 1"
        if self.multiplier < 0:
            yield "multiplier", "must not be negative"
        if 0 < self.max_elapsed_time < max(self.initial_interval, self.max_interval):
            yield "max_elapsed_time", "must not be shorter than initial_interval or max_interval"


Sizer = Literal["requests", "items", "bytes"]


class PartitionSettings(Config):
    """`sending_queue.batch.partition`: what must not be mixed in one request."""

    metadata_keys: tuple[str, ...] = ()
    """Client metadata (case-insensitive keys) that must be equal within a batch; joined batches keep only these."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Repeated keys are a mistake."""
        lower = [key.lower() for key in self.metadata_keys]
        if len(set(lower)) < len(lower):
            yield "metadata_keys", "names a key twice (upper and lower case are the same)"


class BatchSettings(Config):
    """`sending_queue.batch`: join what waits in the queue into larger requests."""

    flush_timeout: Duration = Duration(0.2)
    """Send what waits after this time, however small."""
    min_size: int = 8192
    """Send as soon as this much waits."""
    max_size: int = 0
    """Never send more than this at once; 0 = no limit."""
    sizer: Literal["items", "bytes"] | None = None
    """What the sizes count; default: as the queue's sizer, or items if that is requests."""
    partition: PartitionSettings = PartitionSettings()
    """What must not be mixed in one request."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges and their order."""
        if self.flush_timeout <= 0:
            yield "flush_timeout", "must be above 0"
        if self.min_size < 0:
            yield "min_size", "must not be negative"
        if self.max_size < 0:
            yield "max_size", "must not be negative"
        if 0 < self.max_size < self.min_size:
            yield "max_size", f"must be 0 or at least min_size ({self.min_size})"


class QueueSettings(Config):
    """`sending_queue`: holds what was accepted until the backend took it, so that its trouble stays here."""

    enabled: bool = True
    """Answer the sender when the data is in the queue; otherwise only when the backend has taken it."""
    num_consumers: int = 10
    """Requests to the backend under way at once; threads are started as load asks for them."""
    queue_size: int = 1000
    """Most that may wait or be under way, counted by `sizer`."""
    sizer: Sizer = "requests"
    """What `queue_size` counts: requests (batches as they came), items, or encoded bytes."""
    queue_size_bytes: int = 256 * 1024 * 1024
    """Otelier's addition: most encoded bytes that may wait or be under way, whatever `sizer` counts."""
    block_on_overflow: bool = False
    """Let the sender wait while the queue is full; otherwise it is refused and may try again."""
    wait_for_result: bool = False
    """Answer the sender only when the backend has answered: queue and batching without custody."""
    storage: ComponentID | None = None
    """Extension that keeps the queue on disk, such as `file_storage`; in memory if not given."""
    batch: BatchSettings | None = None
    """Join what waits into larger requests; off if not given."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges, and what does not go together."""
        if not self.enabled:
            return
        for key in ("num_consumers", "queue_size", "queue_size_bytes"):
            if getattr(self, key) <= 0:
                yield key, "must be above 0"
        if self.storage and self.wait_for_result:
            yield "wait_for_result", "does not go with storage: who waits for the result needs no copy on disk"
        if self.batch and self.batch_sizer == self.sizer and self.batch.min_size > self.queue_size:
            yield "batch.min_size", f"can never be reached: queue_size is {self.queue_size}"

    @property
    def batch_sizer(self) -> Literal["items", "bytes"]:
        """What the sizes of `batch` count."""
        if self.batch and self.batch.sizer:
            return self.batch.sizer
        return "bytes" if self.sizer == "bytes" else "items"


class SendSettings(Config):
    """What every exporter that sends over `SendPath` can be told."""

    timeout: Duration = Duration(5)
    """Longest time of one attempt; 0 = no limit."""
    retry_on_failure: RetrySettings = RetrySettings()
    """Offer again what the backend could not take just now."""
    sending_queue: QueueSettings = QueueSettings()
    """Hold what was accepted until the backend took it."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The time-out's range."""
        if self.timeout < 0:
            yield "timeout", "must not be negative"
