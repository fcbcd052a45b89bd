"""Metrics of OTLP as series: names as Prometheus has them, resource attributes beside the labels, deltas added up.

What is added up is kept in memory for each tenant: a counter that is sent as deltas begins again with a new process,
which every reader of counters takes for a restart.
"""

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ..._core import Samples
from ...telemetry import Batch
from ...wire.prometheus import Options, Translation, core_options, label_name, metric_name, without_translation

if TYPE_CHECKING:
    from ..._core import Translator

_HOW = Translation()
_OPTIONS = Options()


@dataclass(frozen=True, slots=True)
class Translated:
    """What a batch has become."""

    samples: Samples
    refused: int
    """Data points without a translation."""
    reason: str
    """Why, for the last of them."""


class Translations:
    """A translator for each tenant. Any number of threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._of: dict[str, Translator] = {}

    def translate(self, tenant: str, batch: Batch) -> Translated:
        """Samples of all data points that can be such."""
        with self._guard:
            translator = self._of.get(tenant) or self._of.setdefault(tenant, _translator())
        samples, refused = translator.translate(batch)
        return Translated(samples, *without_translation(refused))


def _translator() -> "Translator":
    from ..._core import Translator

    return Translator(core_options(_OPTIONS, _HOW), partial(metric_name, _HOW), label_name)
