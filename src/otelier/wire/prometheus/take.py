"""Batches of metrics as samples for our own store: the series of remote write, and what that has no place for.

Resource attributes stand beside the series; deltas are added up.
"""

from dataclasses import dataclass
from functools import partial

from ..._core import Samples, Translator
from ...telemetry import Batch
from .names import Translation, label_name, metric_name
from .write import Options, for_core, why_not


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch has become."""

    samples: Samples
    refused: int
    """Data points without a translation."""
    reason: str
    """Why, for the last of them."""


class Taker:
    """Translates batch after batch; remembers names, and what deltas have added up to. Any number of threads."""

    def __init__(self, how: Translation, options: Options) -> None:
        self._translator = Translator(
            for_core(options, how), partial(metric_name, how), partial(label_name, escapes=how.escapes)
        )

    def take(self, batch: Batch, now_ms: int) -> Taken:
        """`now_ms`: when it arrived. Raises ValueError for a batch that one record can't hold."""
        samples, refused = self._translator.translate(batch, now_ms)
        reason = why_not(*refused[-1]) if refused else ""
        return Taken(samples, sum(points for points, *_ in refused), reason)
