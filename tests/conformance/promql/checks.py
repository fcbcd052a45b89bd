"""Whether an answer is what a script expects: labels exactly, numbers to a relative 1e-6."""

import math
from collections.abc import Sequence

from otelier.query.promql import Answer
from otelier.query.promql.histograms import Histogram
from otelier.query.promql.histograms.text import histogram_text
from otelier.query.promql.labels import Labels, label_set_text
from otelier.query.promql.notation import Point

from .script import Eval, Expectation

_SMALLEST = 2.2250738585072014e-308


class Wrong(AssertionError):  # noqa: N818 - says what it is
    """What is different."""


def almost(left: float, right: float) -> bool:
    if left == right or (math.isnan(left) and math.isnan(right)):
        return True
    size, difference = abs(left) + abs(right), abs(left - right)
    if left == 0 or right == 0 or size < _SMALLEST:
        return difference < 1e-6 * _SMALLEST
    return difference / min(size, 1.7976931348623157e308) < 1e-6


def check_annotations(expected: Eval, answer: Answer) -> None:
    for what, texts in (("warn", answer.warnings), ("info", answer.infos)):
        if expected.expects(f"no_{what}") and texts:
            raise Wrong(f"unexpected {what}: {texts}")
        wanted = expected.expects(what)
        if wanted:
            _check_texts(what, wanted, texts)


def _check_texts(what: str, wanted: Sequence[Expectation], texts: Sequence[str]) -> None:
    if missing := [each.text for each in wanted if not any(each.fits(text) for text in texts)]:
        raise Wrong(f"missing {what} {missing}, there are {texts}")
    if other := [text for text in texts if not any(each.fits(text) for each in wanted)]:
        raise Wrong(f"unexpected {what} {other}")


def check_failure(expected: Eval, message: str) -> None:
    wanted = expected.expects("fail")
    if not any(each.fits(message) or each.text in message for each in wanted):
        raise Wrong(f"expected to fail with {[each.text for each in wanted]}, failed with {message}")


def check_answer(expected: Eval, answer: Answer) -> None:
    match answer.type:
        case "string":
            if answer.text != expected.text:
                raise Wrong(f"expected {expected.text!r}, got {answer.text!r}")
        case "scalar":
            if expected.scalar is None:
                raise Wrong(f"expected a vector, got a scalar {answer.scalar[0]}")
            _check_point("the scalar", expected.scalar, float(answer.scalar[0]))
        case _:
            if expected.scalar is not None:
                raise Wrong("expected a scalar, got a vector")
            check_samples(expected, samples_of(answer), ordered=answer.type == "vector")


def samples_of(answer: Answer) -> dict[Labels, dict[int, float | Histogram]]:
    """By series and moment."""
    found: dict[Labels, dict[int, float | Histogram]] = {}
    for each in answer.series():
        assert each.labels not in found, f"{each.labels} twice"
        samples: dict[int, float | Histogram] = {}
        for number, time in enumerate(each.times):
            native = None if each.histograms is None else each.histograms[number]
            samples[int(time)] = float(each.values[number]) if native is None else native
        found[each.labels] = samples
    return found


def expected_samples(expected: Eval) -> dict[Labels, dict[int, Point]]:
    start, _, step = expected.ranges or (expected.start_ms, expected.end_ms, expected.step_ms)
    found: dict[Labels, dict[int, Point]] = {}
    for labels, points in expected.results.items():
        there = {
            start + step * number: point
            for number, point in enumerate(points)
            if point.value is not None or point.histogram is not None
        }
        if there:
            found[labels] = there
    return found


def check_samples(expected: Eval, actual: dict[Labels, dict[int, float | Histogram]], *, ordered: bool) -> None:
    wanted = expected_samples(expected)
    if ordered and expected.expects("ordered") and list(wanted) != list(actual):
        raise Wrong(f"expected the order {_names(wanted)}, got {_names(actual)}")
    if extra := set(actual) - set(wanted):
        raise Wrong(f"unexpected series {_names(extra)}, expected {_names(wanted)}")
    if missing := set(wanted) - set(actual):
        raise Wrong(f"missing series {_names(missing)}, got {_names(actual)}")
    for labels, points in wanted.items():
        samples = actual[labels]
        name = label_set_text(labels)
        if set(points) != set(samples):
            raise Wrong(f"{name}: expected samples at {sorted(points)}, got {sorted(samples)}")
        for time, point in points.items():
            _check_point(f"{name} at {time}", point, samples[time])


def _names(labels: object) -> list[str]:
    return [label_set_text(each) for each in labels]  # type: ignore[attr-defined]


def _check_point(where: str, expected: Point, actual: float | Histogram) -> None:
    if isinstance(actual, Histogram) != (expected.histogram is not None):
        raise Wrong(f"{where}: expected {expected}, got {actual}")
    if isinstance(actual, Histogram):
        assert expected.histogram is not None
        if not _same(expected.histogram, actual):
            raise Wrong(
                f"{where}: expected {expected.histogram.schema} {histogram_text(expected.histogram)}, "
                f"got {actual.schema} {histogram_text(actual)}; {expected.histogram.bounds} {actual.bounds} {actual}"
            )
        if expected.hinted and expected.histogram.hint != actual.hint:
            raise Wrong(f"{where}: expected the hint {expected.histogram.hint}, got {actual.hint}")
        return
    assert expected.value is not None
    if not almost(expected.value, actual):
        raise Wrong(f"{where}: expected {expected.value}, got {actual}")


def _same(expected: Histogram, actual: Histogram) -> bool:
    return (
        expected.schema == actual.schema
        and almost(expected.count, actual.count)
        and almost(expected.sum, actual.sum)
        and expected.bounds == actual.bounds
        and expected.zero_threshold == actual.zero_threshold
        and almost(expected.zero_count, actual.zero_count)
        and all(
            set(one) == set(other) and all(almost(one[index], other[index]) for index in one)
            for one, other in ((expected.positive, actual.positive), (expected.negative, actual.negative))
        )
    )
