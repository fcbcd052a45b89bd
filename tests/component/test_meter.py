"""Otelier's own metrics: exact under threads, one name one metric, broken callbacks harm nobody."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import HistogramValue, Meter


def values(meter: Meter, name: str):
    return next(m.values for m in meter.collect() if m.name == name)


def test_nothing_is_lost_when_threads_count_at_once():
    meter = Meter()
    counter = meter.counter("requests", "{request}", "")
    bound = counter.bind(outcome="success")

    def count() -> None:
        for _ in range(5_000):
            bound.add(1)
            counter.add(2, outcome="failure")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value(outcome="success") == 20_000
    assert counter.value(outcome="failure") == 40_000


def test_the_order_of_labels_does_not_matter():
    counter = Meter().counter("x", "", "")
    counter.add(1, a="1", b="2")
    counter.bind(b="2", a="1").add(1)
    assert counter.read() == {(("a", "1"), ("b", "2")): 2}


def test_the_same_name_is_the_same_instrument_and_never_another_kind():
    meter = Meter()
    assert meter.counter("x", "", "") is meter.counter("x", "", "other words")
    with pytest.raises(TypeError, match="x is a counter, not a histogram"):
        meter.histogram("x", "", "", [1])
    with pytest.raises(TypeError, match="x is a counter, not a gauge"):
        meter.observe("x", "gauge", "", "", list)


def test_a_counter_never_goes_down():
    counter = Meter().counter("x", "", "")
    with pytest.raises(ValueError, match="only grows"):
        counter.add(-1)
    assert counter.value() == 0


def test_a_bound_counter_shows_zero_before_the_first_event():
    meter = Meter()
    meter.counter("x", "", "").bind(receiver="otlp")
    assert values(meter, "x") == {(("receiver", "otlp"),): 0}


@given(st.lists(st.floats(-1e6, 1e6), max_size=50), st.lists(st.integers(-1000, 1000), min_size=1, unique=True))
def test_histogram_counts_each_value_in_the_first_bucket_that_holds_it(recorded: list[float], bounds: list[int]):
    meter = Meter()
    histogram = meter.histogram("x", "", "", bounds)
    for value in recorded:
        histogram.record(value, a="b")
    expected = [0] * (len(bounds) + 1)
    for value in recorded:
        expected[next((i for i, bound in enumerate(sorted(bounds)) if value <= bound), len(bounds))] += 1
    read = histogram.read().get((("a", "b"),), HistogramValue((), tuple(expected), 0))
    assert list(read.counts) == expected
    assert read.sum == pytest.approx(sum(recorded))


def test_values_of_equal_labels_add_up_over_callbacks_and_counters():
    meter = Meter()
    meter.counter("requests", "", "").add(1, receiver="otlp")
    meter.observe("requests", "counter", "", "", lambda: [({"receiver": "otlp"}, 2), ({"receiver": "zipkin"}, 5)])
    meter.observe("requests", "counter", "", "", lambda: [({"receiver": "otlp"}, 4)])
    assert values(meter, "requests") == {(("receiver", "otlp"),): 7, (("receiver", "zipkin"),): 5}
    assert len(meter.collect()) == 1


def test_a_forgotten_callback_is_not_asked_again():
    meter = Meter()
    forget = meter.observe("x", "gauge", "", "", lambda: [({}, 1)])
    forget()
    forget()
    assert values(meter, "x") == {}


def test_a_callback_that_raises_is_logged_and_harms_no_other_metric(caplog: pytest.LogCaptureFixture):
    meter = Meter()
    meter.observe("bad", "gauge", "", "", lambda: [({}, 1 / 0)])
    meter.observe("good", "gauge", "", "", lambda: [({}, 1)])
    assert values(meter, "good") == {(): 1}
    assert "can't read the metric bad" in caplog.text


def test_metrics_come_sorted_by_name():
    meter = Meter()
    for name in ("b", "a", "c"):
        meter.counter(name, "", "")
    assert [m.name for m in meter.collect()] == ["a", "b", "c"]
