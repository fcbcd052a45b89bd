"""forward: hand on what one pipeline ends with to others of the same signal.

Joins pipelines that were apart, or lets them part: batches go on as they are, and senders get the answer of whoever
takes them in the end.
"""

from ..component import Config, Connector, connector
from ..telemetry import SIGNALS, Batch


class ForwardConfig(Config):
    """No keys."""


@connector("forward", pairs={(signal, signal) for signal in SIGNALS}, stability="beta")
class Forward(Connector):
    cfg: ForwardConfig

    def consume(self, batch: Batch) -> None:
        self.next.consume(batch)
