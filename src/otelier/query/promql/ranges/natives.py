"""Functions of windows that hold native histograms, or histograms and floats."""

from ..annotations import collision, mixed_samples, mixed_schemas, reconciled
from ..ast import NAME
from ..histograms import Histogram
from ..histograms.arithmetic import IncompatibleSchemas, add, at_schema, divided, scaled, subtract
from ..histograms.resets import was_reset
from ..histograms.sums import Total
from ..labels import value_of
from ..query import Scope
from .counting import reset_between
from .windows import Window


def total(scope: Scope, window: Window) -> float | Histogram | None:
    """sum_over_time."""
    return _added(scope, window, mean=False)


def mean(scope: Scope, window: Window) -> float | Histogram | None:
    """avg_over_time."""
    return _added(scope, window, mean=True)


def last(_scope: Scope, window: Window) -> float | Histogram:
    """last_over_time."""
    return window.histograms[-1] or window.values[-1]


def first(_scope: Scope, window: Window) -> float | Histogram:
    """first_over_time."""
    return window.histograms[0] or window.values[0]


def rate(scope: Scope, window: Window) -> Histogram | None:
    """Per second."""
    found = _extrapolated(scope, window, counter=True)
    return None if found is None else scaled(found, 1000 / window.length_ms)


def per_second(change: float | Histogram, window: Window) -> float | Histogram:
    """By the window's length."""
    seconds = window.length_ms / 1000
    return divided(change, seconds) if isinstance(change, Histogram) else change / seconds


def increase(scope: Scope, window: Window) -> Histogram | None:
    """Over the window."""
    return _extrapolated(scope, window, counter=True)


def delta(scope: Scope, window: Window) -> Histogram | None:
    """Of gauges, over the window."""
    return _extrapolated(scope, window, counter=False)


def irate(scope: Scope, window: Window) -> Histogram | float | None:
    """Per second, between the last two samples."""
    return _last_two(scope, window, counter=True)


def idelta(scope: Scope, window: Window) -> Histogram | float | None:
    """Between the last two samples."""
    return _last_two(scope, window, counter=False)


def metric(window: Window) -> str:
    """Its name, for annotations."""
    return value_of(window.labels, NAME)


def difference(scope: Scope, window: Window, counter: bool) -> Histogram | None:
    """Last minus first, with what resets took away; None with a warning if they don't fit together."""
    histograms = window.natives
    _check_hints(scope, window, histograms, counter)
    before = histograms[0]
    if counter and (reset_between(window, 1) or was_reset(histograms[1], before)):
        # The first sample does not count, so its layout need not fit.
        before = Histogram(histograms[1].schema, bounds=histograms[1].bounds)
    # Only a counter is looked at between first and last.
    inner = histograms[1:-1] if counter else []
    if len({each.custom for each in (before, *inner, histograms[-1])}) > 1:
        scope.warn(mixed_schemas(metric(window)))
        return None
    schema = min(each.schema for each in (before, *inner, histograms[-1]))
    result = subtract(at_schema(histograms[-1], schema), before)
    if result.reconciled:
        scope.inform(reconciled("subtraction"))
    return _lifted(scope, window, result.histogram, before) if counter else result.histogram


def _lifted(scope: Scope, window: Window, result: Histogram, before: Histogram) -> Histogram:
    for number, current in enumerate(window.natives[1:], 1):
        if reset_between(window, number) or was_reset(current, before):
            step = add(result, before)
            if step.reconciled:
                scope.inform(reconciled("addition"))
            result = step.histogram
        before = current
    return result


def _check_hints(scope: Scope, window: Window, histograms: list[Histogram], counter: bool) -> None:
    if counter and any(each.hint == "gauge" for each in histograms):
        scope.warn(f'this native histogram metric is not a counter: "{metric(window)}"')
    if not counter and "gauge" not in {histograms[0].hint} & {histograms[-1].hint}:
        scope.warn(f'this native histogram metric is not a gauge: "{metric(window)}"')


def _added(scope: Scope, window: Window, *, mean: bool) -> Histogram | None:
    if window.mixed:
        scope.warn(mixed_samples(metric(window)))
        return None
    running = Total(mean)
    try:
        for each in window.natives:
            running.add(each)
    except IncompatibleSchemas:
        scope.warn(mixed_schemas(metric(window)))
        return None
    if running.reconciled:
        scope.inform(reconciled("aggregation"))
    if running.collision:
        scope.warn(collision("aggregation"))
    return running.result()


def _extrapolated(scope: Scope, window: Window, *, counter: bool) -> Histogram | None:
    if window.mixed:
        scope.warn(mixed_samples(metric(window)))
        return None
    times = window.times
    begun = window.starts[0] if counter and window.begin_ms < window.starts[0] < times[0] else 0
    if len(times) < 2 and not begun:
        return None
    found = window.natives[0] if len(times) < 2 else difference(scope, window, counter)
    if found is None:
        return None
    distance = (times[-1] - times[0]) / 1000
    spacing = distance / max(len(times) - 1, 1)
    to_end = 0.0 if len(times) < 2 else _edge((window.end_ms - times[-1]) / 1000, spacing)
    if begun:
        if len(times) > 1:
            found = add(found, window.natives[0]).histogram
        interval = (times[-1] - begun) / 1000
        return scaled(found, (interval + to_end) / interval).hinted("gauge")
    to_start = _edge((times[0] - window.begin_ms) / 1000, spacing)
    before = window.natives[0].count
    if counter and found.count > 0 and before >= 0:
        to_start = min(to_start, distance * (before / found.count))
    return scaled(found, (distance + to_start + to_end) / distance).hinted("gauge")


def _edge(distance: float, spacing: float) -> float:
    return spacing / 2 if distance >= spacing * 1.1 else distance


def _last_two(scope: Scope, window: Window, *, counter: bool) -> Histogram | float | None:
    if len(window.times) < 2:
        return None
    before, now = window.histograms[-2:]
    seconds = (window.times[-1] - window.times[-2]) / 1000
    if (before is None) != (now is None):
        scope.warn(mixed_samples(metric(window)))
        return None
    began = reset_between(window, len(window.times) - 1)
    if before is None or now is None:
        value, other = window.values[-1], window.values[-2]
        change = value if counter and (value < other or began) else value - other
        return change / seconds if counter else change
    hints = {before.hint, now.hint}
    if counter and "gauge" in hints:
        scope.warn(f'this native histogram metric is not a counter: "{metric(window)}"')
    if not counter and hints != {"gauge"}:
        scope.warn(f'this native histogram metric is not a gauge: "{metric(window)}"')
    result = now
    if not counter or not (began or was_reset(now, before)):
        try:
            step = subtract(now, before)
        except IncompatibleSchemas:
            scope.warn(mixed_schemas(metric(window)))
            return None
        if step.reconciled:
            scope.inform(reconciled("subtraction"))
        result = step.histogram
    return (divided(result, seconds) if counter else result).hinted("gauge")
