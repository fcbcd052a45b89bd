"""A processor that edits attributes by native steps; neighbours that do so share one walk over the telemetry."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from ..._core import Edit
from ...component import Processor
from ...ottl import forms
from ...telemetry import Batch, Signal
from .actions import Metadata

_Values: TypeAlias = tuple[tuple[str, ...], ...]
_KEPT = 1000
"""Edits for different metadata that are kept."""


class AttributeEditor(Processor):
    """Compiles its steps once; where they look at the sender's metadata, once for each value of it."""

    def setup(self) -> None:
        if self.ctx.signal is None:
            raise ValueError("attributes are edited in a pipeline of one signal")
        self._signal: Signal = self.ctx.signal
        self._before: Sequence[forms.Step] = ()
        self._given_away = False
        self._keys = self.metadata_keys()
        self._edit = lru_cache(_KEPT)(self._compiled)
        self._edit(tuple(() for _ in self._keys))

    @abstractmethod
    def metadata_keys(self) -> tuple[str, ...]:
        """Metadata that decides what the steps are."""

    @abstractmethod
    def steps(self, metadata: Metadata) -> Sequence[forms.Step]:
        """What is done to batches with this metadata. Raises ValueError for what can't be."""

    def give_away(self) -> Sequence[forms.Step] | None:
        """All steps, for another processor to do from now on; None if they depend on metadata."""
        if self._keys:
            return None
        self._given_away = True
        return (*self._before, *self.steps({}))

    def absorb(self, earlier: Processor) -> bool:
        steps = earlier.give_away() if isinstance(earlier, AttributeEditor) else None
        if steps is None:
            return False
        self._before = steps
        self._edit.cache_clear()
        return True

    def process(self, batch: Batch) -> Batch:
        if self._given_away:
            return batch
        values: _Values = ()
        if self._keys:
            metadata: Mapping[str, tuple[str, ...]] = batch.metadata
            values = tuple(metadata.get(key, ()) for key in self._keys)
        edited, _ = self._edit(values).apply(batch)
        return edited

    def _compiled(self, values: _Values) -> Edit:
        metadata = dict(zip(self._keys, values, strict=True))
        return forms.edit(self._signal, [*self._before, *self.steps(metadata)])
