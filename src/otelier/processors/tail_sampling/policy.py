"""What a policy is, and what it can have looked for in every span before it is asked.

A policy sees columns, never spans. What it has to know of attributes and trace states it asks for as matchers; the
trace buffer looks once, when a span arrives, and keeps one bit per trace and matcher.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...telemetry import Batch
from .rows import Rows


class StringMatcher(msgspec.Struct, frozen=True, tag_field="kind", tag="string"):
    """A resource or a span of the trace has this attribute with one of these texts.

    Values that aren't text read as "". "" never matches in a span, but may in a resource.
    `regex`: the values are expressions in the syntax of RE2, found anywhere in the text.
    """

    key: str
    values: tuple[str, ...]
    regex: bool = False


class NumericMatcher(msgspec.Struct, frozen=True, tag_field="kind", tag="numeric"):
    """A resource or a span of the trace has this attribute with an integer of at least `min` and at most `max`.

    Values that aren't integers read as 0, doubles too.
    """

    key: str
    min: int
    max: int


class BooleanMatcher(msgspec.Struct, frozen=True, tag_field="kind", tag="boolean"):
    """A resource or a span of the trace has this attribute with this value; what isn't a boolean reads as false."""

    key: str
    value: bool


class TraceStateMatcher(msgspec.Struct, frozen=True, tag_field="kind", tag="trace_state"):
    """A span of the trace has a W3C trace state, one without errors, whose `key` has exactly one of these values."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpanMatcher:
    """A span of the trace for which `mask` says so, which is asked once about each batch that comes."""

    mask: Callable[[Batch], bytes]
    """One byte per span, in order; 0 means no."""


NativeMatcher: TypeAlias = StringMatcher | NumericMatcher | BooleanMatcher | TraceStateMatcher
"""What the trace buffer looks for by itself."""
Matcher: TypeAlias = NativeMatcher | SpanMatcher


class Policy(Protocol):
    """One entry of `policies`. It may keep state, so rows must come in order and each once."""

    name: str

    def matchers(self) -> Sequence[Matcher]:
        """What has to be looked for in the spans of every trace; the same each time."""
        ...

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """A `Verdict` per row.

        `offset`: where in `rows.matches` the first of its matchers stands. `now_s`: monotonic seconds. Raises
        OtelierError where it can't tell for any row.
        """
        ...


def all_matchers(policies: Sequence[Policy]) -> list[Matcher]:
    """Of all policies, in the order of `Rows.matches`."""
    return [matcher for policy in policies for matcher in policy.matchers()]


def encode_matchers(matchers: Sequence[NativeMatcher]) -> bytes:
    """A JSON list for the native core, such as `[{"kind":"boolean","key":"cart.empty","value":true}]`."""
    return msgspec.json.encode(matchers)
