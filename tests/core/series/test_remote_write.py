"""Samples of remote write are what google.protobuf reads in a request, and what is wrong is told."""

import struct
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import Samples
from otelier.testing.remote_write import RemoteWriteSink, message

Pairs = list[tuple[str, str]]

_TEXT = st.text(max_size=6) | st.sampled_from(["a", "job", "instance", "__name__", "x" * 130])
_FLOAT = st.floats() | st.sampled_from([0.0, -0.0, 1.0])
_MS = st.integers(-(2**63), 2**63 - 1) | st.integers(1_700_000_000_000, 1_800_000_000_000)
_LABELS = st.lists(st.tuples(_TEXT, _TEXT), max_size=5)
_STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]

_SINK = RemoteWriteSink()


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


def _canonical(labels: Pairs) -> Pairs | str:
    """Sorted and without empty values, or why it is no series."""
    if not any(name == "__name__" and value for name, value in labels):
        return "missing_name"
    if any(not name for name, _ in labels):
        return "invalid_label"
    kept = sorted((name, value) for name, value in labels if value)
    kept.sort(key=lambda pair: pair[0].encode())
    if len({name for name, _ in kept}) < len(kept):
        return "duplicate_label"
    return kept


@st.composite
def _series(draw: st.DrawFn) -> tuple[Pairs, list[tuple[int, float]], list[tuple[Pairs, float, int]]]:
    labels = draw(_LABELS)
    if draw(st.booleans()):
        labels = [("__name__", "up"), *(pair for pair in labels if pair[0] not in ("", "__name__"))]
    if draw(st.booleans()):
        labels = list(dict(labels).items())
    if draw(st.booleans()):
        labels.sort()
    samples = draw(st.lists(st.tuples(_MS, _FLOAT), max_size=3))
    exemplars = draw(st.lists(st.tuples(st.just([("trace_id", "abc")]), _FLOAT, _MS), max_size=1))
    return labels, samples, exemplars


def _one(all_series: Sequence[Any]) -> bytes:
    request = message("WriteRequest")
    for labels, samples, exemplars in all_series:
        series = request.timeseries.add()
        for name, value in labels:
            series.labels.add(name=name, value=value)
        for ms, value in samples:
            series.samples.add(timestamp=ms, value=value)
        for told, value, ms in exemplars:
            exemplar = series.exemplars.add(timestamp=ms, value=value)
            for name, text in told:
                exemplar.labels.add(name=name, value=text)
    return request.SerializeToString()


def _two(all_series: Sequence[Any]) -> bytes:
    request = message("Request")
    request.symbols.append("")

    def refs(labels: Pairs) -> list[int]:
        found: list[int] = []
        for text in (text for pair in labels for text in pair):
            if text not in request.symbols:
                request.symbols.append(text)
            found.append(list(request.symbols).index(text))
        return found

    for labels, samples, exemplars in all_series:
        series = request.timeseries.add()
        series.labels_refs.extend(refs(labels))
        for ms, value in samples:
            series.samples.add(timestamp=ms, value=value)
        for told, value, ms in exemplars:
            series.exemplars.add(timestamp=ms, value=value).labels_refs.extend(refs(told))
    return request.SerializeToString()


def _expected(all_series: Sequence[Any], version: int) -> tuple[list[Any], dict[str, int]]:
    kept: list[Any] = []
    refused: dict[str, int] = {}
    for labels, samples, exemplars in all_series:
        canonical = _canonical(labels)
        if isinstance(canonical, str):
            refused[canonical] = refused.get(canonical, 0) + max(1, len(samples))
        elif samples or exemplars:
            kept.append(
                (
                    canonical,
                    [(ms, _bits(value)) for ms, value in samples],
                    [(ms, _bits(value), told) for told, value, ms in exemplars],
                )
            )
        elif version == 2:
            refused["no_samples"] = refused.get("no_samples", 0) + 1
    return kept, refused


@pytest.mark.parametrize(("version", "encode"), [(1, _one), (2, _two)])
@given(all_series=st.lists(_series(), max_size=4))
def test_samples_are_what_protobuf_reads(
    version: Any, encode: Callable[[Sequence[Any]], bytes], all_series: list[Any]
) -> None:
    samples = Samples.of_remote_write(encode(all_series), version)
    kept, refused = _expected(all_series, version)
    found = [
        (labels, [(ms, _bits(value)) for ms, value in values], [(ms, _bits(value), told) for ms, value, told in more])
        for labels, _, (values, _, more) in samples.contents()
    ]
    assert found == kept
    assert {reason: count for reason, _, count in samples.refused} == refused
    assert samples.samples == sum(len(values) for _, values, _ in kept)


@given(body=st.binary(max_size=60), version=st.sampled_from([1, 2]))
def test_whatever_comes_is_read_or_refused(body: bytes, version: Any) -> None:
    try:
        Samples.of_remote_write(body, version)
    except ValueError as error:
        assert "remote write" in str(error)


@given(all_series=st.lists(_series(), min_size=1, max_size=3), data=st.data(), version=st.sampled_from([1, 2]))
def test_a_damaged_request_is_read_as_protobuf_reads_it_or_refused(
    all_series: list[Any], data: st.DataObject, version: Any
) -> None:
    body = bytearray((_one if version == 1 else _two)(all_series))
    for _ in range(data.draw(st.integers(0, 3)) if body else 0):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    _SINK.samples.clear()
    try:
        _SINK.read(bytes(body), version)
        fine = True
    except Exception:
        fine = False
    try:
        samples = Samples.of_remote_write(bytes(body), version)
    except ValueError:
        assert not fine or version == 2
        return
    if fine and not samples.refused:
        merged: dict[Any, list[tuple[int, bytes]]] = {}
        for labels, _, (values, _, _) in samples.contents():
            merged.setdefault(tuple(labels), []).extend((ms, _bits(value)) for ms, value in values)
        expected: dict[Any, list[tuple[int, bytes]]] = {}
        for labels, told in _SINK.samples.items():
            canonical = _canonical(list(labels))
            assert not isinstance(canonical, str)
            expected.setdefault(tuple(canonical), []).extend((ms, _bits(value)) for ms, value in told)
        assert {k: sorted(v) for k, v in merged.items() if v} == {k: sorted(v) for k, v in expected.items() if v}


def _histogram(**fields: Any) -> Any:
    """Three buckets of one observation each, and two at zero."""
    histogram = message("Histogram")
    histogram.count_int, histogram.sum, histogram.schema, histogram.timestamp = 5, 9.5, 3, 7
    histogram.zero_threshold, histogram.zero_count_int = 1e-128, 2
    histogram.positive_spans.add(offset=-2, length=2)
    histogram.positive_spans.add(offset=3, length=1)
    histogram.positive_deltas.extend([1, 0, 0])
    for name, value in fields.items():
        if isinstance(value, list):
            histogram.ClearField(name)
            spans = [message("Span", **each) if isinstance(each, dict) else each for each in value]
            getattr(histogram, name).extend(spans)
        else:
            setattr(histogram, name, value)
    return histogram


def _with_histogram(histogram: Any, version: int) -> Samples:
    if version == 1:
        request = message("WriteRequest")
        series = request.timeseries.add()
        series.labels.add(name="__name__", value="h")
    else:
        request = message("Request")
        request.symbols.extend(["", "__name__", "h"])
        series = request.timeseries.add()
        series.labels_refs.extend([1, 2])
    series.histograms.append(histogram)
    return Samples.of_remote_write(request.SerializeToString(), version)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    "histogram",
    [
        _histogram(),
        _histogram(schema=-4),
        _histogram(count_int=9, sum=float("nan")),
        _histogram(count_int=0x7FF0000000000002, sum=_STALE, zero_count_int=0, positive_spans=[], positive_deltas=[]),
        _histogram(schema=-53, zero_threshold=0.0, zero_count_int=0, count_int=3, custom_values=[1, 2, 3, 4],
                   positive_spans=[{"offset": 1, "length": 3}]),
        message("Histogram"),
    ],
)  # fmt: skip
def test_histograms_are_kept_as_they_came(histogram: Any, version: int) -> None:
    samples = _with_histogram(histogram, version)
    assert samples.refused == []
    [(labels, _, (_, [(ms, kept)], _))] = samples.contents()
    assert (labels, ms, kept) == ([("__name__", "h")], histogram.timestamp, histogram.SerializeToString())


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    "histogram",
    [
        _histogram(count_int=6),
        _histogram(positive_deltas=[1, -2, 1]),
        _histogram(positive_deltas=[1, 0]),
        _histogram(schema=9),
        _histogram(positive_spans=[{"offset": 0, "length": 2}, {"offset": -1, "length": 1}]),
        _histogram(schema=-53, custom_values=[1, 2, 3, 4]),
        _histogram(schema=-53, zero_threshold=0.0, zero_count_int=0, count_int=3, custom_values=[2, 1, 3, 4],
                   positive_spans=[{"offset": 1, "length": 3}]),
        _histogram(schema=-53, zero_threshold=0.0, zero_count_int=0, count_int=3, custom_values=[1, 2],
                   positive_spans=[{"offset": 1, "length": 3}]),
    ],
)  # fmt: skip
def test_histograms_that_cannot_be_are_refused(histogram: Any, version: int) -> None:
    samples = _with_histogram(histogram, version)
    assert (samples.histograms, samples.refused) == (0, [("invalid_histogram", "h", 1)])


@pytest.mark.parametrize(
    ("refs", "reason"),
    [([1, 2, 3], "invalid_symbol"), ([1, 9], "invalid_symbol"), ([2, 2], "missing_name"), ([1, 0], "missing_name")],
)
def test_references_that_lead_nowhere_leave_out_their_series_only(refs: list[int], reason: str) -> None:
    request = message("Request")
    request.symbols.extend(["", "__name__", "up", "job"])
    for each in (refs, [1, 2]):
        series = request.timeseries.add()
        series.labels_refs.extend(each)
        series.samples.add(timestamp=1, value=1)
    samples = Samples.of_remote_write(request.SerializeToString(), 2)
    assert samples.samples == 1
    assert [(why, count) for why, _, count in samples.refused] == [(reason, 1)]


def test_metadata_is_of_families() -> None:
    request = message("Request")
    request.symbols.extend(["", "__name__", "h_bucket", "h_sum", "Help.", "s", "up"])
    for name, kind in ((2, 3), (3, 3), (6, 2)):
        series = request.timeseries.add()
        series.labels_refs.extend([1, name])
        series.samples.add(timestamp=1, value=1)
        series.metadata.type, series.metadata.help_ref, series.metadata.unit_ref = kind, 4, 5
    assert Samples.of_remote_write(request.SerializeToString(), 2).metadata() == [
        ("h", 3, "Help.", "s"),
        ("up", 2, "Help.", "s"),
    ]
    old = message("WriteRequest")
    old.metadata.add(type=1, metric_family_name="up", help="Help.", unit="s")
    assert Samples.of_remote_write(old.SerializeToString(), 1).metadata() == [("up", 1, "Help.", "s")]


def test_what_names_no_family_or_no_text_is_refused() -> None:
    label = b"\x0a\x0c\x0a\x08__name__\x12\x00"
    assert Samples.of_remote_write(b"\x0a" + bytes([len(label)]) + label, 1).contents() == []
    label = b"\x0a\x0d\x0a\x08__name__\x12\x01\xff" + b"\x12\x00"
    assert Samples.of_remote_write(b"\x0a" + bytes([len(label)]) + label, 1).refused[0][0] == "invalid_label"


def test_a_request_that_grows_without_bounds_is_refused() -> None:
    request = message("Request")
    request.symbols.extend(["", "__name__", "x" * 1_000_000])
    for _ in range(300):
        series = request.timeseries.add()
        series.labels_refs.extend([1, 2])
        series.samples.add(timestamp=1, value=1)
    with pytest.raises(ValueError, match="send smaller ones"):
        Samples.of_remote_write(request.SerializeToString(), 2)
