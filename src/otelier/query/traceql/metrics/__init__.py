"""Metrics of TraceQL: series over time of the spans that a pipeline leaves.

What can be counted by the core alone is (`cells.counted`), anything else is measured over columns (`cells.measured`);
both give the same numbers, quantiles within 1 %.
"""

from .evaluate import series
from .steps import Steps

__all__ = ["Steps", "series"]
