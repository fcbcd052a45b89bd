"""Ranges that look beyond their edges: `anchored` begins at the last sample before, `smoothed` interpolates at both.

Windows come with the samples of a lookback around them. Between two samples of a counter with a reset between them, it
is taken to have begun at zero with the first.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..annotations import mixed_samples, mixed_schemas
from ..histograms import Histogram
from ..histograms.arithmetic import IncompatibleSchemas, add, scaled, subtract
from ..histograms.resets import was_reset
from ..query import Scope
from .natives import metric
from .windows import Window


@dataclass(frozen=True, slots=True)
class _Span:
    """First and last sample that matter, and the values at the edges, interpolated or not."""

    first: int
    last: int
    left: float | Histogram
    right: float | Histogram
    left_between: bool
    right_between: bool


def extended_rate(scope: Scope, window: Window, *, smoothed: bool, counter: bool) -> float | Histogram | None:
    """What happened between the edges; None if there is nothing, or with a warning if samples don't fit together."""
    if window.mixed:
        scope.warn(mixed_samples(metric(window)))
        return None
    span = _bounds(window, smoothed)
    if span is None:
        return None
    if window.natives:
        _check_hints(scope, window.natives[span[0] : span[1] + 1], metric(window), counter)
    try:
        found = _edges(window, *span, smoothed, counter)
        if isinstance(found.left, Histogram) and isinstance(found.right, Histogram):
            return _histograms(window, found, found.left, found.right, counter)
    except IncompatibleSchemas:
        scope.warn(mixed_schemas(metric(window)))
        return None
    assert isinstance(found.left, float)
    assert isinstance(found.right, float)
    return found.right - found.left + (_lift(window, found, found.left, found.right) if counter else 0.0)


def anchored(window: Window) -> Window | None:
    """The samples of a window and the last one before; None if nothing is in the window itself."""
    times = window.times
    if times[-1] <= window.begin_ms:
        return None
    first = max(bisect_right(times, window.begin_ms, 0, len(times) - 1) - 1, 0)
    return replace(
        window,
        times=times[first:],
        values=window.values[first:],
        histograms=window.histograms[first:],
        starts=window.starts[first:],
    )


def between(before: float | Histogram, after: float | Histogram, share: float, *, counter: bool) -> float | Histogram:
    """The value so far, 0 to 1, from one sample to the next. Raises IncompatibleSchemas."""
    if isinstance(before, Histogram) and isinstance(after, Histogram):
        if before.custom != after.custom:
            raise IncompatibleSchemas
        if counter and was_reset(after, before):
            return scaled(after, share).hinted("reset")
        growth = scaled(subtract(after, before).histogram, share)
        return add(before, growth).histogram.hinted("not_reset")
    assert isinstance(before, float)
    assert isinstance(after, float)
    start = 0.0 if counter and after < before else before
    return start + (after - start) * share


def _bounds(window: Window, smoothed: bool) -> tuple[int, int] | None:
    times, last = window.times, len(window.times) - 1
    first = max(bisect_right(times, window.begin_ms, 0, last) - 1, 0)
    if smoothed:
        last = bisect_left(times, window.end_ms, 0, last)
    if times[last] <= window.begin_ms or (smoothed and times[first] > window.end_ms):
        return None
    return first, last


def _edges(window: Window, first: int, last: int, smoothed: bool, counter: bool) -> _Span:
    left_between = smoothed and window.times[first] < window.begin_ms
    right_between = smoothed and last > 0 and window.times[last] > window.end_ms
    left, right = _sample(window, first), _sample(window, last)
    if left_between:
        left = _at(window, first, window.begin_ms, counter)
    if right_between:
        right = _at(window, last - 1, window.end_ms, counter)
    return _Span(first, last, left, right, left_between, right_between)


def _at(window: Window, number: int, time_ms: int, counter: bool) -> float | Histogram:
    share = (time_ms - window.times[number]) / (window.times[number + 1] - window.times[number])
    return between(_sample(window, number), _sample(window, number + 1), share, counter=counter)


def _sample(window: Window, number: int) -> float | Histogram:
    return window.histograms[number] or window.values[number]


def _inner(window: Window, span: _Span) -> range:
    first = span.first + (window.times[span.first] <= window.begin_ms)
    return range(first, span.last + 1 - (window.times[span.last] >= window.end_ms))


def _lift(window: Window, span: _Span, left: float, right: float) -> float:
    lift, before = 0.0, left
    for value in [*(window.values[number] for number in _inner(window, span)), right]:
        if value < before:
            lift += before
        before = value
    return lift


def _histograms(window: Window, span: _Span, left: Histogram, right: Histogram, counter: bool) -> Histogram:
    natives = window.natives
    inner = _inner(window, span)
    for number in inner:
        if natives[number].custom != left.custom:
            raise IncompatibleSchemas
    result = subtract(right, left).histogram
    if counter:
        for lost in _lost(natives, inner, span, left, right):
            result = add(result, lost).histogram
    return result.hinted("gauge")


def _lost(
    natives: Sequence[Histogram], inner: range, span: _Span, left: Histogram, right: Histogram
) -> list[Histogram]:
    """What stood before each reset."""
    if span.left_between and span.right_between and span.last == span.first + 1:
        return []
    lost: list[Histogram] = []
    before = left
    for number in inner:
        # Where the left edge was interpolated over a reset, that reset is counted already.
        seen = (span.left_between and number == span.first + 1) or number == span.first
        if not seen and was_reset(natives[number], before):
            lost.append(before)
        before = natives[number]
    copied = not span.right_between and span.last in inner
    if not copied and was_reset(right, before):
        lost.append(before)
    return lost


def _check_hints(scope: Scope, histograms: Sequence[Histogram], name: str, counter: bool) -> None:
    if counter and any(each.hint == "gauge" for each in histograms):
        scope.warn(f'this native histogram metric is not a counter: "{name}"')
    if not counter and not histograms[0].hint == histograms[-1].hint == "gauge":
        scope.warn(f'this native histogram metric is not a gauge: "{name}"')
