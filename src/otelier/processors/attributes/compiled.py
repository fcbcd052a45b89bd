"""Native edits, compiled once; where actions look at the sender's metadata, once for each value of it."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from ..._core import Edit
from ...telemetry import Batch

Values = tuple[tuple[str, ...], ...]
_KEPT = 1000
"""Programs of different metadata that are kept."""


class EditByMetadata:
    """Edits batches. Safe for threads."""

    def __init__(self, keys: tuple[str, ...], make: Callable[[Mapping[str, tuple[str, ...]]], Edit]) -> None:
        self._keys = keys

        def compiled(values: Values) -> Edit:
            return make(dict(zip(keys, values, strict=True)))

        self._compiled = lru_cache(_KEPT)(compiled)
        self._compiled(tuple(() for _ in keys))

    def apply(self, batch: Batch) -> Batch:
        """The edited batch."""
        values: Values = ()
        if self._keys:
            metadata = batch.metadata
            values = tuple(metadata.get(key, ()) for key in self._keys)
        edited, _ = self._compiled(values).apply(batch)
        return edited
