"""Metrics of a few spans."""

import math

from otelier.query.traceql import read
from otelier.query.traceql.found import Found, Window
from otelier.query.traceql.limits import Budget, Limits
from otelier.query.traceql.metrics import Steps, series
from otelier.testing.telemetry import START_NS, traces

from ..decoded import traces as decoded
from .counting import Counting

SECOND = 10**9
STEPS = Steps.over(START_NS - 1, START_NS + 20 * SECOND - 1, 10 * SECOND)
"""Two buckets."""


class OverColumns(Found):
    """As if the core could count nothing."""

    def counted(self, *_, **__):
        return None


def found(text, *spans, steps=STEPS, exemplars=0, way=Found, limits=None):
    """The series as they are."""
    query = read(text)
    reads = way(
        Counting(decoded([traces(*spans)])),
        "t",
        Window(max(steps.first_ns, 0), steps.last_ns),
        limits or Budget(Limits()),
    )
    return series(query.root, reads, steps, exemplars, query.hints)


def points(text, *spans, **options):
    """Values by label values; None where there is no point."""
    return {
        tuple(label.value for label in each.labels if label.key != "__name__"): [
            None if math.isnan(value) else value for value in each.values.tolist()
        ]
        for each in found(text, *spans, **options)
    }
