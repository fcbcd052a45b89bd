"""Samples for our own store: as remote write says it, resources beside them, deltas as if they had been cumulative."""

import math
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import Translator
from otelier.telemetry import Batch
from otelier.testing import RemoteWriteSink, request
from otelier.testing.remote_write import message
from otelier.wire.prometheus import Options, Taken, Taker, Translation, Writer

DELTA, CUMULATIVE = 1, 2
_KEYS = st.sampled_from(["service.name", "service.instance.id", "k8s.pod.name", "a.b", "a_b", "le", "x"])
_VALUES = st.sampled_from(["", "v", "w", "\u00fc" * 70])


def _attributes(target: Any, found: list[tuple[str, str]]) -> None:
    for key, value in found:
        target.add(key=key).value.string_value = value


@st.composite
def _batches(draw: st.DrawFn) -> Any:
    made: Any = request("metrics")
    for _ in range(draw(st.integers(0, 2))):
        group = made.resource_metrics.add()
        _attributes(group.resource.attributes, draw(st.lists(st.tuples(_KEYS, _VALUES), max_size=3)))
        scope = group.scope_metrics.add()
        scope.scope.name = draw(_VALUES)
        for name in draw(st.lists(st.sampled_from(["a", "b.c"]), max_size=2)):
            metric = scope.metrics.add(name=name, unit="s", description="Help.")
            kind = draw(st.sampled_from(["gauge", "sum", "histogram", "exponential_histogram", "summary"]))
            data = getattr(metric, kind)
            data.SetInParent()
            if kind not in ("gauge", "summary"):
                data.aggregation_temporality = CUMULATIVE
            if kind == "sum":
                data.is_monotonic = draw(st.booleans())
            for ms in draw(st.lists(st.integers(1, 9), max_size=3)):
                point = data.data_points.add(time_unix_nano=ms * 10**6)
                _attributes(point.attributes, draw(st.lists(st.tuples(_KEYS, _VALUES), max_size=2)))
                if kind in ("gauge", "sum"):
                    point.as_double = draw(st.floats())
                elif kind == "histogram":
                    point.count, point.sum = 3, 1.5
                    point.explicit_bounds.extend([0.5, 1])
                    point.bucket_counts.extend([1, 0, 2])
                elif kind == "exponential_histogram":
                    point.count, point.scale = 2, draw(st.integers(-4, 20))
                    point.positive.bucket_counts.extend([1, 1])
                if kind in ("sum", "histogram", "exponential_histogram") and draw(st.booleans()):
                    exemplar = point.exemplars.add(as_double=0.7, time_unix_nano=10**6, trace_id=bytes(range(16)))
                    _attributes(exemplar.filtered_attributes, [("user", "u")])
    return made


def _batch(made: Any) -> Batch:
    return Batch.from_otlp("metrics", made.SerializeToString())


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


def _again(encoded: bytes) -> bytes:
    """As Python writes it, without zeros."""
    histogram = message("Histogram")
    histogram.ParseFromString(encoded)
    return histogram.SerializeToString()


@given(_batches(), st.booleans(), st.booleans())
def test_samples_are_what_remote_write_says(made: Any, custom: bool, scope: bool) -> None:
    how, options = Translation(), Options(custom_buckets=custom, scope_info=scope)
    sink = RemoteWriteSink()
    for each in Writer(how, options, 1, metadata=True).write(_batch(made), 1, 2**30).lanes[0]:
        sink.read(each.body, 1)
    taken = _take(Taker(how, options), made)
    contents = taken.samples.contents()
    found = {tuple(labels): said for labels, _, said in contents}
    assert len(found) == len(contents)
    assert {labels: [(ms, _bits(value)) for ms, value in said[0]] for labels, said in found.items()} == {
        labels: [(ms, _bits(value)) for ms, value in told] for labels, told in sink.samples.items()
    }
    assert {labels: [_again(kept) for _, kept in said[1]] for labels, said in found.items() if said[1]} == {
        labels: [each.SerializeToString() for each in told] for labels, told in sink.histograms.items()
    }
    assert {
        labels: [(tuple(more), value, ms) for ms, value, more in said[2]] for labels, said in found.items() if said[2]
    } == dict(sink.exemplars)
    told = {family: (kind, text, unit) for family, kind, text, unit in taken.samples.metadata()}
    # Also of families without a series.
    assert told.items() >= sink.metadata.items()


def _metric(attributes: list[tuple[str, str]] | None = None) -> tuple[Any, Any]:
    made: Any = request("metrics")
    group = made.resource_metrics.add()
    _attributes(group.resource.attributes, attributes or [])
    return made, group.scope_metrics.add().metrics.add(name="m")


def _taker() -> Taker:
    return Taker(Translation(), Options())


def _take(taker: Taker, made: Any, now_ms: int = 0) -> Taken:
    with taker.taking(_batch(made), now_ms) as taken:
        return taken


def test_resource_attributes_stand_beside_the_series_under_their_own_keys() -> None:
    made, metric = _metric([("service.name", "shop"), ("k8s.pod.name", "p"), ("host.name", ""), ("k8s.pod.name", "q")])
    metric.gauge.data_points.add(time_unix_nano=10**6)
    contents = _take(_taker(), made).samples.contents()
    soft = {dict(labels)["__name__"]: soft for labels, soft, _ in contents}
    assert soft == {"m": [("k8s.pod.name", "q"), ("service.name", "shop")], "target_info": []}


def test_points_of_one_series_from_two_resources_are_of_the_newest() -> None:
    made, metric = _metric([("k8s.pod.name", "p")])
    metric.gauge.data_points.add(time_unix_nano=10**6)
    other, metric = _metric([("k8s.pod.name", "q")])
    metric.gauge.data_points.add(time_unix_nano=2 * 10**6)
    made.MergeFrom(other)
    contents = _take(_taker(), made).samples.contents()
    assert [soft for labels, soft, _ in contents if labels == [("__name__", "m")]] == [[("k8s.pod.name", "q")]]


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=9), st.integers(1, 4))
def test_deltas_of_sums_add_up(deltas: list[int], at_once: int) -> None:
    taker, found = _taker(), []
    for start in range(0, len(deltas), at_once):
        made, metric = _metric()
        metric.sum.aggregation_temporality = DELTA
        for ms, delta in enumerate(deltas[start : start + at_once], start):
            metric.sum.data_points.add(time_unix_nano=(ms + 1) * 10**6, as_int=delta)
        taken = _take(taker, made, start)
        assert taken.refused == 0
        found += taken.samples.contents()[0][2][0]
    assert found == [(n, float(sum(deltas[:n]))) for n in range(1, len(deltas) + 1)]


def test_deltas_of_explicit_histograms_add_up() -> None:
    taker = _taker()
    for _ in range(2):
        made, metric = _metric()
        metric.histogram.aggregation_temporality = DELTA
        point = metric.histogram.data_points.add(time_unix_nano=10**6, count=3, sum=1.5)
        point.explicit_bounds.extend([0.5, 1])
        point.bucket_counts.extend([1, 0, 2])
        samples = _take(taker, made, 0).samples
    found = {
        (dict(labels)["__name__"], dict(labels).get("le")): said[0][0][1] for labels, _, said in samples.contents()
    }
    assert found == {
        ("m_sum", None): 3.0,
        ("m_count", None): 6.0,
        ("m_bucket", "0.5"): 2.0,
        ("m_bucket", "1"): 2.0,
        ("m_bucket", "+Inf"): 6.0,
    }


def _buckets(histogram: Any, sign: str) -> dict[int, int]:
    spans, deltas = getattr(histogram, f"{sign}_spans"), list(getattr(histogram, f"{sign}_deltas"))
    found, index, count = {}, 0, 0
    for span in spans:
        index += span.offset
        for _ in range(span.length):
            count += deltas.pop(0)
            found[index] = count
            index += 1
    return {index: count for index, count in found.items() if count}


_OBSERVED = st.lists(st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3) | st.just(0.0), max_size=12)


@given(st.lists(st.tuples(_OBSERVED, st.integers(-4, 8)), min_size=1, max_size=4))
def test_deltas_of_exponential_histograms_add_up_at_the_coarsest_scale(parts: list[tuple[list[float], int]]) -> None:
    """Each observation of whatever part lies in the sum's bucket for it."""
    taker, last = _taker(), None
    for ms, (observed, scale) in enumerate(parts, 1):
        made, metric = _metric()
        metric.exponential_histogram.aggregation_temporality = DELTA
        point = metric.exponential_histogram.data_points.add(
            time_unix_nano=ms * 10**6, scale=scale, count=len(observed), sum=0.0, zero_count=observed.count(0.0)
        )
        for sign, side in ((1, point.positive), (-1, point.negative)):
            indexes = [math.ceil(math.log2(sign * value) * 2.0**scale) - 1 for value in observed if sign * value > 0]
            if indexes:
                side.offset = min(indexes)
                side.bucket_counts.extend(indexes.count(n) for n in range(min(indexes), max(indexes) + 1))
        [(_, _, (_, [(at_ms, last)], _))] = _take(taker, made, ms).samples.contents()
        assert at_ms == ms
    histogram = message("Histogram")
    histogram.ParseFromString(last)
    schema = min(scale for _, scale in parts)
    everything = [(value, scale) for observed, scale in parts for value in observed]
    assert (histogram.schema, histogram.count_int) == (schema, len(everything))
    assert histogram.zero_count_int == sum(value == 0 for value, _ in everything)
    for sign, side in ((1, "positive"), (-1, "negative")):
        expected: dict[int, int] = {}
        for value, scale in everything:
            if sign * value > 0:
                fine = math.ceil(math.log2(sign * value) * 2.0**scale)
                index = -(-fine // 2 ** (scale - schema))
                expected[index] = expected.get(index, 0) + 1
        assert _buckets(histogram, side) == expected


def test_a_late_delta_counts_at_the_time_of_the_newest() -> None:
    taker, found = _taker(), []
    for ms, delta in ((5, 1), (3, 10), (6, 100)):
        made, metric = _metric()
        metric.sum.aggregation_temporality = DELTA
        metric.sum.data_points.add(time_unix_nano=ms * 10**6, as_int=delta)
        found += _take(taker, made, 0).samples.contents()[0][2][0]
    assert found == [(5, 1.0), (5, 11.0), (6, 111.0)]


def test_a_delta_that_was_not_stored_does_not_count() -> None:
    taker = _taker()

    def value(fails: bool) -> float:
        made, metric = _metric()
        metric.sum.aggregation_temporality = DELTA
        metric.sum.data_points.add(time_unix_nano=10**6, as_int=2)
        with suppress(OSError), taker.taking(_batch(made), 0) as taken:
            [(_, found)] = taken.samples.contents()[0][2][0]
            if fails:
                raise OSError
        return found

    assert [value(fails) for fails in (False, True, True, False)] == [2, 4, 4, 4]


def test_what_ends_a_series_is_not_added() -> None:
    taker, found = _taker(), []
    for flags in (0, 1, 0):
        made, metric = _metric()
        metric.sum.aggregation_temporality = DELTA
        metric.sum.data_points.add(time_unix_nano=10**6, as_int=2, flags=flags)
        found += [_bits(value) for _, value in _take(taker, made, 0).samples.contents()[0][2][0]]
    assert found == [_bits(2.0), struct.pack("<Q", 0x7FF0000000000002), _bits(4.0)]


def test_series_that_are_idle_are_forgotten_and_more_than_may_be_are_refused() -> None:
    options = (
        b'{"external_labels": [], "target_info": "", "scope_info": false, "resource_labels": false,'
        b'"constant_labels": [], "custom_buckets": false, "classic_too": false,'
        b'"delta_max_series": 1, "delta_idle_ms": 1000}'
    )
    translator = Translator(options, lambda name, *_: name, lambda name: name)

    def value(series: str, now_ms: int) -> tuple[list[tuple[int, float]], list[str]]:
        made, metric = _metric()
        metric.sum.aggregation_temporality = DELTA
        _attributes(metric.sum.data_points.add(time_unix_nano=10**6, as_int=1).attributes, [("series", series)])
        samples, refused, _ = translator.translate(_batch(made), now_ms)
        translator.keep()
        assert refused == []
        points = [each[2][0] for each in samples.contents()]
        return points[0] if points else [], [why for why, _, _ in samples.refused]

    assert value("a", 0) == ([(1, 1.0)], [])
    assert value("b", 10) == ([], ["delta_limit"])
    assert value("a", 900) == ([(1, 2.0)], [])
    assert value("a", 1800) == ([(1, 3.0)], [])
    assert value("b", 3000) == ([(1, 1.0)], [])
    assert value("a", 5000) == ([(1, 1.0)], [])


@pytest.mark.parametrize("temporality", [0, 7])
def test_no_temporality_is_refused(temporality: int) -> None:
    made, metric = _metric()
    metric.sum.aggregation_temporality = temporality
    metric.sum.data_points.add(time_unix_nano=10**6, as_int=2)
    taken = _take(_taker(), made)
    assert (taken.refused, taken.samples.samples) == (1, 0)
    assert "temporality" in taken.reason
