"""What rules write is what remote write's readers read."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from otelier.query.promql.arrays import STALE, STALE_BITS
from otelier.query.promql.histograms import Histogram
from otelier.query.promql.labels import labels_of
from otelier.rules.write import write_request
from otelier.testing import RemoteWriteSink

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)


@given(st.dictionaries(TEXT, TEXT, max_size=4), st.integers(0, 2**50), st.floats(allow_nan=False))
def test_a_sample_is_read_back(pairs: dict[str, str], time_ms: int, value: float) -> None:
    labels = labels_of(pairs.items())
    sink = RemoteWriteSink()
    sink.read(write_request([(labels, time_ms, value)]), 1)
    assert sink.samples == {labels: [(time_ms, value)]}


def test_a_stale_marker_keeps_its_bits() -> None:
    sink = RemoteWriteSink()
    sink.read(write_request([((("a", "b"),), 1, STALE)]), 1)
    [[(_, value)]] = sink.samples.values()
    assert math.isnan(value)
    assert struct.unpack("<Q", struct.pack("<d", value))[0] == STALE_BITS


def test_a_histogram_has_its_buckets_in_spans() -> None:
    given_ = Histogram(2, 10.0, 5.5, 1.0, 0.001, {-3: 1.0, -2: 2.0, 4: 3.0}, {0: 4.0}, (), "gauge")
    sink = RemoteWriteSink()
    sink.read(write_request([((("a", "b"),), 7, given_)]), 1)
    [[read]] = sink.histograms.values()
    spans = [[(each.offset, each.length) for each in side] for side in (read.positive_spans, read.negative_spans)]
    assert spans == [[(-3, 2), (5, 1)], [(0, 1)]]
    assert (read.schema, read.sum, read.zero_threshold, read.timestamp, read.reset_hint) == (2, 5.5, 0.001, 7, 3)
