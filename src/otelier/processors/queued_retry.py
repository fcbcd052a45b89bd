"""queued_retry: accept the keys of the Collector's former processor and hand on; exporters queue and retry themselves.

It stood at the end of a pipeline, before exporters had a sending queue of their own. They have one now, on by default,
which waits, retries and survives a restart where this never did; a second queue before it would only hide its answers.
"""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ..component import Config, Duration, Processor, processor


class QueuedRetryConfig(Config):
    num_workers: Annotated[int, Meta(ge=0)] = 10
    """Accepted without effect: see `sending_queue.num_consumers` of the exporters."""
    queue_size: Annotated[int, Meta(ge=0)] = 5000
    """Accepted without effect: see `sending_queue.queue_size`."""
    retry_on_failure: bool = True
    """Accepted without effect: see `retry_on_failure.enabled`."""
    backoff_delay: Duration = Duration(5)
    """Accepted without effect: see `retry_on_failure.initial_interval`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The sign of the time."""
        if self.backoff_delay < 0:
            yield "backoff_delay", "must not be negative"


@processor(
    "queued_retry",
    aliases=("queued-retry",),
    signals={"traces", "metrics", "logs"},
    stability="removed upstream",
    replaced_by="sending_queue and retry_on_failure of the exporters, which are on by default: remove it",
)
class QueuedRetry(Processor):
    cfg: QueuedRetryConfig
