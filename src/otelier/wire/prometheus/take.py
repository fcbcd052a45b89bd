"""Batches of metrics as samples for our own store: the series of remote write, and what that has no place for.

Resource attributes stand beside the series; deltas are added up.
"""

import threading
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
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
    """Translates batch after batch; remembers names, and what deltas have added up to. Any number of threads,
    which wait for each other while deltas are stored.
    """

    def __init__(self, how: Translation, options: Options) -> None:
        self._turn = threading.Lock()
        self._translator = Translator(
            for_core(options, how), partial(metric_name, how), partial(label_name, escapes=how.escapes)
        )

    @contextmanager
    def taking(self, batch: Batch, now_ms: int) -> Generator[Taken]:
        """What to store within the block; deltas count if it ends well, so that a batch may be sent again otherwise.

        `now_ms`: when it arrived. Raises ValueError for a batch that one record can't hold.
        """
        with ExitStack() as held:
            held.enter_context(self._turn)
            samples, refused, deltas = self._translator.translate(batch, now_ms)
            if not deltas:
                held.close()
            reason = why_not(*refused[-1]) if refused else ""
            yield Taken(samples, sum(points for points, *_ in refused), reason)
            if deltas:
                self._translator.keep()
