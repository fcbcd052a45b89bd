"""What policies see: one row per trace that is due, as columns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...telemetry import Batch


@dataclass(frozen=True, slots=True)
class Rows:
    """Columns of equal length, in the order in which the traces are decided."""

    trace_ids: bytes
    """16 per row."""
    first_start_ns: NDArray[np.uint64]
    last_end_ns: NDArray[np.uint64]
    spans: NDArray[np.int64]
    size_bytes: NDArray[np.int64]
    status_codes: NDArray[np.uint8]
    """Bit n: a span with the OTLP status code n (0 unset, 1 ok, 2 error) was seen."""
    flags: NDArray[np.uint32]
    """Of all spans, OR-ed."""
    matches: NDArray[np.bool_]
    """(matchers, rows): what each policy asked for, see `Policy.matchers`."""
    batch: Callable[[int], Batch]
    """The spans of a row, for policies that need more. Slow."""

    def __len__(self) -> int:
        return len(self.spans)

    def take(self, at: NDArray[np.intp]) -> "Rows":
        """Only the rows at these indices, in their order."""
        ids = np.frombuffer(self.trace_ids, np.uint8).reshape(-1, 16)[at].tobytes()
        inner = self.batch
        return Rows(
            trace_ids=ids,
            first_start_ns=self.first_start_ns[at],
            last_end_ns=self.last_end_ns[at],
            spans=self.spans[at],
            size_bytes=self.size_bytes[at],
            status_codes=self.status_codes[at],
            flags=self.flags[at],
            matches=self.matches[:, at],
            batch=lambda row: inner(int(at[row])),
        )
