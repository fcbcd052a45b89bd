"""What TraceQL needs of the core's `View`; its own words are in `_core.pyi`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

from .evaluate.table import Column, Spans
from .told import Told

if TYPE_CHECKING:
    from ..._core import TraceSummary


class Cells(Protocol):
    """The core's Aggregate."""

    @property
    def groups(self) -> int: ...  # noqa: D102
    @property
    def group_columns(self) -> Sequence[Column]: ...  # noqa: D102
    @property
    def cell_groups(self) -> bytes: ...  # noqa: D102
    @property
    def cell_steps(self) -> bytes: ...  # noqa: D102
    @property
    def counts(self) -> bytes: ...  # noqa: D102
    @property
    def sums(self) -> bytes: ...  # noqa: D102
    @property
    def mins(self) -> bytes: ...  # noqa: D102
    @property
    def maxs(self) -> bytes: ...  # noqa: D102
    @property
    def bucket_offsets(self) -> bytes: ...  # noqa: D102
    @property
    def bucket_numbers(self) -> bytes: ...  # noqa: D102
    @property
    def bucket_counts(self) -> bytes: ...  # noqa: D102
    @property
    def partial(self) -> str: ...  # noqa: D102
    @property
    def read(self) -> Mapping[str, int]: ...  # noqa: D102


class Comparison(Protocol):
    """The core's Comparison."""

    def values(self, field: int) -> Column: ...  # noqa: D102
    def of_first(self, field: int) -> int: ...  # noqa: D102
    def counts(self, field: int) -> bytes: ...  # noqa: D102
    def totals(self, field: int) -> bytes: ...  # noqa: D102
    def cut(self, field: int) -> bool: ...  # noqa: D102
    @property
    def partial(self) -> str: ...  # noqa: D102
    @property
    def read(self) -> Mapping[str, int]: ...  # noqa: D102


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

    def search(
        self, tenant: str, filter_json: bytes, start_ns: int, end_ns: int, limit: int
    ) -> Sequence[tuple[bytes, int]]:
        """The newest traces with a span that a filter means, with the start of the newest such span."""
        ...

    def told(
        self,
        tenant: str,
        trace_ids: bytes,
        filter_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        spans: int,
    ) -> Told:
        """What an answer tells of these traces: summaries, and the first so many spans that a filter means."""
        ...

    def aggregate(
        self,
        tenant: str,
        filter_json: bytes,
        group_json: bytes,
        start_ns: int,
        end_ns: int,
        step_ns: int,
        value_json: bytes | None = None,
        kind: Literal["count", "sum", "histogram"] = "count",
        *,
        rollups: bool = True,
        top: tuple[int, bool] | None = None,
        timeout_ms: int = 0,
    ) -> Cells:
        """Numbers by group and step; `top`: of how many groups, the largest (true) or the smallest, they are needed."""
        ...

    def compare(
        self,
        tenant: str,
        filter_json: bytes,
        selection_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        step_ns: int,
        top: int,
        *,
        timeout_ms: int = 0,
    ) -> Comparison:
        """The most frequent values of fields, of the spans of a selection and of all others."""
        ...

    def summaries(self, tenant: str, trace_ids: Sequence[bytes]) -> "list[TraceSummary]":
        """In the order of the ids, without those that aren't there."""
        ...

    def tag_names(self, tenant: str, start_ns: int, end_ns: int) -> Sequence[tuple[str, str, str]]:
        """Scope, key and type of all attributes."""
        ...

    def tag_values(
        self, tenant: str, field_json: bytes, filter_json: bytes, start_ns: int, end_ns: int, limit: int = ...
    ) -> Column:
        """Distinct values of a field of spans that a filter means."""
        ...
