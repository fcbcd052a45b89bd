"""Batches of metrics as requests of remote write: what things are called is decided here, the core does the rest.

Delta values are refused, because a series has no place for them. Formats:
https://prometheus.io/docs/specs/prw/remote_write_spec/, https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from ..._core import RemoteWriter
from ...telemetry import Batch
from .names import Translation, family_name, label_name, metric_name

Version: TypeAlias = Literal[1, 2]

CONTENT_TYPES: Mapping[Version, str] = {
    1: "application/x-protobuf",
    2: "application/x-protobuf;proto=io.prometheus.write.v2.Request",
}
VERSION_HEADERS: Mapping[Version, str] = {1: "0.1.0", 2: "2.0.0"}

_WHY = {
    "temporality": "its temporality is not cumulative, and Prometheus knows no other: make it so where it is measured",
    "name": "nothing of this name can be in a metric's name",
    "scale": "its scale {scale} is below -4, the coarsest that Prometheus has",
}


class Request(NamedTuple):
    """An encoded request, and what it carries. A data point that makes several series counts with one of them."""

    body: bytes
    points: int
    samples: int
    histograms: int
    exemplars: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a batch has become."""

    lanes: list[list[Request]]
    series: int
    refused: int
    """Data points without a translation."""
    reason: str
    """Why, for the last of them."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What series are made."""

    external_labels: Mapping[str, str] = {}
    """Names as the user wrote them; they fill in what a series does not have."""
    target_info: bool = True
    scope_info: bool = True
    resource_labels: bool = False
    """All resource attributes become labels of every series."""
    constant_labels: tuple[str, ...] = ()
    """Keys of resource attributes that do."""
    custom_buckets: bool = False
    """Explicit histograms become native ones with custom buckets."""
    classic_too: bool = False
    """… and stay classic ones as well."""


def for_core(options: Options, how: Translation) -> bytes:
    """As the core reads it."""
    told = msgspec.to_builtins(options)
    told["external_labels"] = [(label_name(key), value) for key, value in options.external_labels.items()]
    told["target_info"] = family_name("target_info", how) if options.target_info else ""
    return msgspec.json.encode(told)


def why_not(_points: int, metric: str, why: str, scale: int) -> str:
    """Why data points have no translation, as the core tells it."""
    return f"{metric!r}: {_WHY[why].format(scale=scale)}"


class Writer:
    """Writes batch after batch; remembers names. Used from one thread at a time."""

    def __init__(self, how: Translation, options: Options, version: Version, *, metadata: bool = False) -> None:
        """`metadata`: say type, unit and description, too (version 2 always does)."""
        self._writer = RemoteWriter(
            for_core(options, how),
            version,
            metadata,
            partial(metric_name, how),
            partial(label_name, escapes=how.escapes),
        )

    def write(self, batch: Batch, lanes: int, max_bytes: int) -> Written:
        """Requests of about `max_bytes` (one series may be more), a series always in the same lane."""
        series, requests, refused = self._writer.write(batch, lanes, max_bytes)
        reason = why_not(*refused[-1]) if refused else ""
        made = [[Request(*each) for each in lane] for lane in requests]
        return Written(made, series, sum(points for points, *_ in refused), reason)
