"""Samples made of arrays, and several as one."""

from array import array
from collections.abc import Sequence

import pytest

from otelier._core import Samples


def _samples(*labels: Sequence[tuple[str, str]]) -> Samples:
    times, values = array("q", range(len(labels))), array("d", [0.5] * len(labels))
    return Samples.of_arrays(labels, times.tobytes(), values.tobytes())


def test_arrays_become_a_sample_of_each_series() -> None:
    samples = _samples([("job", "a"), ("__name__", "up"), ("zone", "")], [("__name__", "up")])
    assert (samples.samples, samples.series, samples.histograms, samples.exemplars) == (2, 2, 0, 0)
    assert samples.contents() == [
        ([("__name__", "up"), ("job", "a")], [], ([(0, 0.5)], [], [])),
        ([("__name__", "up")], [], ([(1, 0.5)], [], [])),
    ]


@pytest.mark.parametrize("labels", [[("job", "a")], [("__name__", "up"), ("a", "1"), ("a", "2")], [("__name__", "")]])
def test_label_sets_that_are_no_series_raise(labels: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match=r"__name__|two labels"):
        _samples(labels)


@pytest.mark.parametrize("times", [b"", b"12345678" * 2, b"1234"])
def test_arrays_of_another_length_raise(times: bytes) -> None:
    with pytest.raises(ValueError, match=r"array|label sets"):
        Samples.of_arrays([(("__name__", "up"),)], times, bytes(8))


def test_joined_samples_are_all_in_order() -> None:
    one, two = _samples([("__name__", "a")]), _samples([("__name__", "b")], [("__name__", "a")])
    joined = Samples.joined([two, one, two])
    assert joined.contents() == two.contents() + one.contents() + two.contents()
    assert Samples.joined([]).contents() == []
