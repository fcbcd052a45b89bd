"""Names of metrics and labels: what every Prometheus takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.wire.prometheus import Translation, label_name, metric_name


@pytest.mark.parametrize(
    ("metric", "unit", "kind", "name"),
    [
        ("traces.span.metrics.calls", "", "counter", "traces_span_metrics_calls_total"),
        ("http.server.duration", "ms", "gauge", "http_server_duration_milliseconds"),
        ("usage", "1", "gauge", "usage_ratio"),
        ("io", "By/s", "counter", "io_bytes_per_second_total"),
        ("requests_total", "{request}", "counter", "requests_total"),
        ("a..b", "", "gauge", "a_b"),
        ("9lives", "", "gauge", "_9lives"),
    ],
)
def test_units_and_total_are_part_of_the_name(metric, unit, kind, name):
    assert metric_name(Translation(), metric, unit, monotonic=kind == "counter", gauge=kind == "gauge") == name


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
    made = metric_name(Translation("ns"), name, unit, monotonic=monotonic, gauge=False)
    assert re.fullmatch("[a-zA-Z_:][a-zA-Z0-9_:]*", made)


@given(st.text(min_size=1))
def test_any_key_becomes_a_label_that_prometheus_takes(key):
    assert re.fullmatch("[a-zA-Z_][a-zA-Z0-9_]*", label_name(key))
