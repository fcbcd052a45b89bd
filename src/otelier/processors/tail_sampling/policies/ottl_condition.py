"""Policy ottl_condition: traces with a span, or an event of a span, for which a condition in OTTL holds.

It is asked once about each batch that comes. Where an error makes the policy say nothing about a trace
(`error_mode: propagate`), it is asked about whole traces when they are due, which is slower.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ....component import Config, Context
from ....ottl import Conditions, Faults, GroupError, StatementError, condition_group
from ....ottl.native import masks
from ....telemetry import Batch
from ..policy import Matcher, SpanMatcher
from ..rows import Rows
from ..verdict import Verdict, sampled_where


class OttlConditionConfig(Config):
    error_mode: Literal["propagate", "ignore", "silent"] = "propagate"
    """When a condition can't be evaluated: `propagate` makes this policy say nothing about the trace, `ignore` goes on
    as if it didn't hold and tells it in the log, `silent` only counts it."""
    span: tuple[str, ...] = ()
    """Conditions about a span, any of which is enough."""
    spanevent: tuple[str, ...] = ()
    """Conditions about an event of a span, any of which is enough."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """No condition at all, and what is none."""
        if not self.span and not self.spanevent:
            yield "", "needs at least one condition in `span` or `spanevent`"
        for context in ("span", "spanevent"):
            try:
                condition_group(getattr(self, context), signal="traces", context=context)
            except GroupError as error:
                yield from ((where.replace("conditions", context), message) for where, message in error.problems)


class OttlCondition:
    """Asks about the spans of each row."""

    def __init__(self, name: str, cfg: OttlConditionConfig, ctx: Context) -> None:
        self.name = name
        given = (("span", cfg.span), ("spanevent", cfg.spanevent))
        groups = [
            condition_group(texts, signal="traces", context=context, error_mode=cfg.error_mode)
            for context, texts in given
            if texts
        ]
        self._conditions = Conditions(groups, ctx.clock, masks("traces"))
        self._faults = Faults(
            ctx, "otelcol_processor_tail_sampling_condition_errors", "Conditions that could not be evaluated."
        )

        self._propagates = cfg.error_mode == "propagate"

    def matchers(self) -> Sequence[Matcher]:
        """The conditions, unless their errors count."""
        return () if self._propagates else (SpanMatcher(self._mask),)

    def evaluate(self, rows: Rows, offset: int, now_s: float) -> NDArray[np.int8]:
        """SAMPLED where any span matches, ERROR where that can't be told."""
        del now_s
        if not self._propagates:
            return sampled_where(rows.matches[offset])
        return np.array([self._verdict(rows, row) for row in range(len(rows))], np.int8)

    def _mask(self, batch: Batch) -> bytes:
        return bytes(self._conditions.matches(batch, self._faults))

    def _verdict(self, rows: Rows, row: int) -> Verdict:
        try:
            matching = self._conditions.matches(rows.batch(row), self._faults)
        except StatementError:
            return Verdict.ERROR
        return Verdict.SAMPLED if any(matching) else Verdict.NOT_SAMPLED
