"""Names of metrics and labels: what every Prometheus takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from otelier.testing import counter, gauge
from otelier.wire.prometheus import Translation, label_name, metric_name


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (counter("traces.span.metrics.calls", 1.0, unit=""), "traces_span_metrics_calls_total"),
        (gauge("http.server.duration", 1.0, unit="ms"), "http_server_duration_milliseconds"),
        (gauge("usage", 1.0, unit="1"), "usage_ratio"),
        (counter("io", 1.0, unit="By/s"), "io_bytes_per_second_total"),
        (counter("requests_total", 1.0, unit="{request}"), "requests_total"),
        (gauge("a..b", 1.0, unit=""), "a_b"),
        (gauge("9lives", 1.0, unit=""), "_9lives"),
    ],
)
def test_units_and_total_are_part_of_the_name(metric, name):
    assert metric_name(metric, Translation()) == name


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("http.method", "http_method"),
        ("1st", "key_1st"),
        ("_private", "key_private"),
        ("추가로_원하는키", "key_"),
        ("a--b", "a_b"),
    ],
)
def test_labels_begin_with_a_letter_and_have_single_underscores(key, name):
    assert label_name(key) == name


@given(st.text(), st.text(), st.booleans())
def test_any_text_becomes_a_name_that_prometheus_takes_or_none(name, unit, monotonic):
    metric = Metric(name=name, unit=unit)
    metric.sum.is_monotonic = monotonic
    made = metric_name(metric, Translation("ns"))
    assert re.fullmatch("[a-zA-Z_:][a-zA-Z0-9_:]*", made)


@given(st.text(min_size=1))
def test_any_key_becomes_a_label_that_prometheus_takes(key):
    assert re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", label_name(key))


def test_long_names_are_translated_as_short_ones():
    for length in (10, 1000):
        assert label_name("a." * length) == "a_" * length
        assert metric_name(gauge("a." * length + "b", 1.0, unit=""), Translation()) == "a_" * length + "b"
