"""What functions over time tell, by a plain loop over the spans that the oracle finds."""

import math
from collections.abc import Iterable

import numpy as np
from hypothesis import strategies as st

from otelier.query.traceql import ast, written
from otelier.query.traceql.evaluate.present import KINDS, STATUSES
from otelier.query.traceql.metrics import Steps

from .. import oracle, oracle_values
from ..decoded import Opaque

_S = 10**9
BY = st.sampled_from(
    [
        "",
        " by (span.a)",
        " by (resource.service.name, name)",
        " by (kind, status, .n)",
        " by (span:parentID)",
        " by (parent, trace:id)",
        " by (span:id)",
    ]
)
_OPERANDS = st.sampled_from(["duration", "span.n", ".a", "traceDuration", "span:childCount"])
_NO_TYPE = ("{}", "AP8=")
FUNCTIONS = st.one_of(
    st.sampled_from(["rate()", "count_over_time()"]),
    st.builds("{}({})".format, st.sampled_from(["min_over_time", "max_over_time", "sum_over_time"]), _OPERANDS),
    st.builds("{}({})".format, st.sampled_from(["avg_over_time", "histogram_over_time"]), _OPERANDS),
    st.builds("quantile_over_time({}, 0, .5, .9, 1)".format, _OPERANDS),
)


def key(each):
    """The labels of a series but its name. What TraceQL has no type for is told as some text."""
    return tuple(
        (label.key, "..." if label.value in _NO_TYPE else repr(label.value))
        for label in each.labels
        if label.key != "__name__"
    )


def expected(root, decoded, steps):
    by_id = {trace.trace_id: trace for trace in decoded}
    found = oracle.search(root.pipeline, decoded, steps.first_ns, steps.last_ns)
    measure = root.measure
    cells = {}
    for trace_id, spansets in found.items():
        trace = by_id[trace_id]
        for span in dict.fromkeys(span for each in spansets for span in each.spans):
            number = 1
            if measure.operand is not None:
                number = oracle_values.value(measure.operand, span, trace)
                if not oracle_values.number(number) or math.isnan(number):
                    continue
                number = float(number) / (_S if "uration" in written(measure.operand) else 1)
            labels = tuple((written(each), _shown(oracle_values.value(each, span, trace))) for each in measure.by)
            step = -((steps.start_ns - span.start_ns) // steps.step_ns) - 1
            cells.setdefault(labels, {}).setdefault(step, []).append(number)
    lines = {}
    for labels, own in cells.items():
        for more, step, number in _numbers(measure, own, steps):
            empty = 0.0 if measure.function in ("rate", "count_over_time", "histogram_over_time") else math.nan
            line = lines.setdefault(labels + more, np.full(steps.count, empty))
            line[step] = number
    return lines


_PLAIN = {
    "rate": lambda numbers, steps: len(numbers) / steps.seconds,
    "count_over_time": lambda numbers, _: len(numbers),
    "sum_over_time": lambda numbers, _: math.fsum(numbers),
    "avg_over_time": lambda numbers, _: math.fsum(numbers) / len(numbers),
    "min_over_time": lambda numbers, _: min(numbers),
    "max_over_time": lambda numbers, _: max(numbers),
}


def _numbers(measure: ast.Measure, own: dict[int, list[float]], steps: Steps) -> Iterable:
    for step, numbers in own.items():
        if plain := _PLAIN.get(measure.function):
            yield (), step, plain(numbers, steps)
        elif measure.function == "quantile_over_time":
            for each in measure.quantiles:
                yield (("p", repr(each)),), step, sorted(numbers)[max(math.ceil(each * len(numbers)) - 1, 0)]
        else:
            unit = 1 / _S if "uration" in written(measure.operand) else 1
            edges = [_edge(number / unit) * unit for number in numbers]
            for edge in set(edges):
                yield (("__bucket", repr(edge)),), step, edges.count(edge)


def _edge(number):
    return 2.0 ** math.ceil(math.log2(round(number, 6))) if number > 0 else 0.0


def _shown(value):
    match value:
        case oracle_values.Kind():
            return repr(KINDS[value])
        case oracle_values.Status():
            return repr(STATUSES[value])
        case list():
            return repr(tuple(value))
        case _:
            return "..." if isinstance(value, Opaque) else repr(value)
