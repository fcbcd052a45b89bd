"""What TraceQL needs of the core's `View`; its own words are in `_core.pyi`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from .evaluate.table import Spans

if TYPE_CHECKING:
    from ..._core import TraceSummary


class Reader(Protocol):
    """Segments and log as of one moment."""

    def gather(
        self,
        tenant: str,
        filter_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        newest: int = 0,
        max_rows: int = ...,
        max_bytes: int = ...,
        timeout_ms: int = 0,
    ) -> Spans:
        """Spans that a filter means; `newest`: only of so many traces, in order."""
        ...

    def spans_of(
        self, tenant: str, trace_ids: bytes, fields_json: bytes, *, max_rows: int = ..., max_bytes: int = ...
    ) -> Spans:
        """All spans of these traces, with their trees."""
        ...

    def summaries(self, tenant: str, trace_ids: Sequence[bytes]) -> "list[TraceSummary]":
        """In the order of the ids, without those that aren't there."""
        ...
