"""What a reference Collector was seen to do with the same spans."""

from itertools import pairwise

import pytest

from otelier.testing import decode, span, traces

from ..metric_points import points
from .running import Running

MS = 10**6
SEED = """
exemplars: {enabled: true, max_per_data_point: 5}
histogram: {explicit: {buckets: [10ms, 50ms, 100ms, 400ms, 800ms, 1.5s, 3s, 6s, 10s, 15s, 22s, 30s, 60s]}}
aggregation_temporality: "AGGREGATION_TEMPORALITY_CUMULATIVE"
metrics_flush_interval: 2s
dimensions: [{name: http.method}, {name: http.route}, {name: http.status_code}]
events: {enabled: true, dimensions: [{name: exception.type}]}
resource_metrics_key_attributes: [service.name]
"""
REQUEST = {"http.method": "GET", "http.route": "/a", "http.status_code": 200}


def took(ms: float, **more):
    return span("GET /a", duration_ns=round(ms * MS), **({"attributes": REQUEST} | more))


@pytest.mark.proves(
    "collector.case_11",
    "spanmetrics.{histogram.explicit.buckets,resource_metrics_key_attributes}",
    "spanmetrics.{dimensions.name,metrics_flush_interval}",
)
def test_case_11_values_of_the_production_configuration():
    it = Running(SEED)
    pod = {"service.name": "shop", "k8s.pod.name": "shop-1"}
    it.consume(traces(*map(took, (10, 10.5, 50, 100, 401, 900, 70000, 5)), resource=pod))
    it.consume(traces(took(10), resource=pod | {"k8s.pod.name": "shop-2"}))
    it.advance(2)
    (point,) = it.last("duration")
    assert (point.count, point.sum) == (9, 71486.5)
    assert point.buckets == (3, 2, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1)
    assert point.bounds == (10, 50, 100, 400, 800, 1500, 3000, 6000, 10000, 15000, 22000, 30000, 60000)
    (resource,) = decode(it.out.batches[0]).resource_metrics
    assert [a.value.string_value for a in resource.resource.attributes] == ["shop", "shop-1"]
    (scope,) = resource.scope_metrics
    assert scope.scope.name == "spanmetricsconnector"
    calls, duration = scope.metrics
    assert (calls.unit, calls.sum.is_monotonic, calls.sum.aggregation_temporality) == ("", True, 2)
    assert (duration.unit, duration.histogram.aggregation_temporality) == ("ms", 2)


@pytest.mark.proves("collector.case_11")
def test_case_11_a_span_that_ends_before_it_starts_took_no_time():
    it = Running(SEED)
    it.consume(traces(took(-5)))
    it.advance(2)
    (point,) = it.last("duration")
    assert (point.sum, point.buckets[0]) == (0, 1)


def test_cumulative_sums_begin_with_0_and_histograms_are_exact_at_once():
    it = Running(SEED)
    began = it.clock.time_ns()
    it.consume(traces(took(10), took(20)))
    it.advance(2)
    it.consume(traces(took(30)))
    it.advance(4)
    assert [[p.value for p in flush] for flush in it.flushes("calls")] == [[0], [3], [3]]
    assert [[p.count for p in flush] for flush in it.flushes("duration")] == [[2], [3], [3]]
    assert {p.start_ns for flush in it.flushes("calls") for p in flush} == {began}
    assert [p.time_ns - began for flush in it.flushes("calls") for p in flush] == [2 * 10**9, 4 * 10**9, 6 * 10**9]


@pytest.mark.proves("spanmetrics.exemplars.{enabled,max_per_data_point}")
def test_exemplars_are_the_first_spans_since_the_last_flush():
    it = Running(SEED)
    it.consume(traces(*(took(n, trace=n, number=n) for n in range(1, 9))))
    it.advance(2)
    it.consume(traces(took(9, trace=9, number=9)))
    it.advance(2)
    for metric in ("calls", "duration"):
        values = [[value for *_, value in point.exemplars] for (point,) in it.flushes(metric)]
        assert values == [[1, 2, 3, 4, 5], [9]]
    trace, number, _ = it.last("calls")[0].exemplars[0]
    expected = took(9, trace=9, number=9)
    assert (trace, number) == (expected.trace_id, expected.span_id)


@pytest.mark.proves("collector.case_13")
def test_case_13_order_of_attributes_omission_and_resources_without_a_service():
    it = Running(SEED)
    it.consume(traces(span("GET /a", attributes={"http.status_code": 200, "http.method": "GET"})))
    it.consume(traces(span("GET /a"), resource={"host.name": "h"}))
    it.advance(2)
    (point,) = it.last("calls")
    assert point.attributes == (
        ("service.name", "shop"),
        ("span.name", "GET /a"),
        ("span.kind", "SPAN_KIND_SERVER"),
        ("status.code", "STATUS_CODE_UNSET"),
        ("collector.instance.id", "this-one"),
        ("http.method", "GET"),
        ("http.status_code", 200),
    )
    assert it.own("otelier_spanmetrics_without_service") == {"": 1}


@pytest.mark.proves("collector.case_14", "spanmetrics.events.{enabled,dimensions.name}")
def test_case_14_events_are_counted_by_their_own_attributes():
    it = Running(SEED)
    failed = took(1, status="ERROR")
    for name, attributes in (("exception", {"exception.type": "ValueError"}),) * 2 + (("log", {}),):
        event = failed.events.add(name=name)
        event.attributes.extend(span(attributes=attributes).attributes)
    it.consume(traces(failed))
    it.advance(4)
    counts = {dict(p.attributes).get("exception.type"): p.value for p in it.last("events")}
    assert counts == {"ValueError": 2, None: 1}
    assert [p.value for p in it.flushes("events")[0]] == [0, 0]


@pytest.mark.proves("collector.case_16", "spanmetrics.aggregation_temporality")
def test_case_16_delta_has_no_zero_point_and_the_next_point_begins_where_the_last_ended():
    it = Running("{aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA, metrics_flush_interval: 1s}")
    for seconds in (1, 1, 3):
        it.consume(traces(took(1)))
        it.advance(seconds)
    calls = [point for flush in it.flushes("calls") for point in flush]
    assert [point.value for point in calls] == [1, 1, 1]
    assert [later.start_ns for later in calls[1:]] == [earlier.time_ns for earlier in calls[:-1]]


@pytest.mark.proves("collector.case_16")
@pytest.mark.parametrize("temporality", ["CUMULATIVE", "DELTA"])
def test_case_16_the_stop_flushes_what_was_just_counted(temporality):
    """Otherwise than the reference, which loses it."""
    it = Running(f"{{aggregation_temporality: AGGREGATION_TEMPORALITY_{temporality}}}")
    it.consume(traces(took(1), took(2)))
    it.stop()
    assert it.last("calls")[0].value == 2
    assert it.last("duration")[0].count == 2
    times = [flush[0].time_ns for flush in it.flushes("calls")]
    assert all(later - earlier >= MS for earlier, later in pairwise(times))


@pytest.mark.proves("spanmetrics.enable_metrics_sampling_method")
def test_tracestate_multiplies_counts():
    it = Running("{metrics_flush_interval: 1s, enable_metrics_sampling_method: true}")
    half = took(10)
    half.trace_state = "vendor=x,ot=th:8"
    it.consume(traces(half, took(10)))
    it.advance(2)
    assert {p["sampling.method"]: p.value for p in it.last("calls")} == {"extrapolated": 2, "counted": 1}
    assert {p["sampling.method"]: (p.count, p.sum) for p in it.last("duration")} == {
        "extrapolated": (2, 20),
        "counted": (1, 10),
    }


@pytest.mark.proves("spanmetrics.aggregation_cardinality_limit")
def test_series_beyond_the_limit_share_one():
    it = Running("{metrics_flush_interval: 1s, aggregation_cardinality_limit: 2, exemplars: {enabled: true}}")
    it.consume(traces(*(span(name) for name in "abcdac")))
    it.advance(1)
    names = [dict(p.attributes).get("span.name") for p in it.last("calls")]
    overflow = it.last("duration")[-1]
    assert names == ["a", "b", None]
    assert (overflow.attributes, overflow.count, overflow.exemplars) == ((("otel.metric.overflow", True),), 3, ())
    it.advance(1)
    assert [p.value for p in it.last("calls")] == [2, 1, 3]
    assert it.own("otelier_spanmetrics_overflowed") == {"": 3}


@pytest.mark.proves("spanmetrics.histogram.{unit,exponential.max_size}")
def test_exponential_histograms():
    it = Running("{metrics_flush_interval: 1s, histogram: {unit: s, exponential: {max_size: 4}}}")
    it.consume(traces(*(span("a", duration_ns=round(ms * MS)) for ms in (1, 2, 1000, 0, 4.5))))
    it.advance(1)
    (point,) = it.last("duration")
    assert (point.count, point.sum, point.zeros) == (5, 1.0075, 1)
    assert (point.scale, point.offset, point.buckets) == (-2, -3, (2, 1, 1))


@pytest.mark.proves("spanmetrics.{exclude_dimensions,dimensions.glob,calls_dimensions.name,calls_dimensions.glob}")
def test_patterns_add_attributes_by_source_and_name():
    it = Running(
        "{metrics_flush_interval: 1s, exclude_dimensions: [status.code, collector.instance.id],"
        " dimensions: [{glob: 'http.*'}, {name: zz}, {glob: '*.a'}, {glob: 'k?[ab]'}],"
        " calls_dimensions: [{name: cd}, {glob: 'c.*'}]}"
    )
    attributes = {"http.z": "z", "http.a": "a", "b.a": 3, "cd": "1", "c.x": True, "k1a": 1, "k2c": 2}
    it.consume(traces(span(attributes=attributes), resource={"service.name": "shop", "http.z": "no", "http.b": "r"}))
    it.advance(1)
    both = [("b.a", 3), ("http.a", "a"), ("http.z", "z"), ("k1a", 1), ("http.b", "r")]
    assert list(it.last("calls")[0].attributes[3:]) == [*both, ("cd", "1"), ("c.x", True)]
    assert list(it.last("duration")[0].attributes[3:]) == both


def test_patterns_cope_with_any_number_of_attributes():
    """The first of a key counts, and nobody looks at all the others for each of them."""
    it = Running("{metrics_flush_interval: 1s, dimensions: [{glob: '*a*a*a*a*a*x'}, {glob: 'n'}]}")
    it.consume(traces(_spanned({"n": 1}, 100_000), resource={"service.name": "shop"}))
    it.advance(1)
    assert [pair for pair in it.last("calls")[0].attributes if pair[0] == "n"] == [("n", 1)]


def _spanned(attributes, count):
    """A span that has one attribute again and again, and many with a long name."""
    made = span(attributes=attributes | {"a" * 200 + str(n): n for n in range(count)})
    for n in range(count):
        made.attributes.add(key="n").value.int_value = n
    return made


@pytest.mark.proves(
    "spanmetrics.{dimensions,calls_dimensions,histogram.dimensions,events.dimensions}.{name,glob,default}"
)
@pytest.mark.parametrize(
    ("key", "metric"),
    [
        ("dimensions", "calls"),
        ("calls_dimensions", "calls"),
        ("histogram.dimensions", "duration"),
        ("events.dimensions", "events"),
    ],
)
def test_every_kind_of_dimensions_has_defaults_and_patterns(key, metric):
    given = "[{name: there}, {name: zone, default: none}, {glob: 'k.*'}]"
    group, _, last = key.rpartition(".")
    keys = {"": f"{last}: {given}", "histogram": f"histogram: {{{last}: {given}}}"}.get(group, "")
    events = given if group == "events" else "[{name: event}]"
    it = Running(
        f"{{metrics_flush_interval: 1s, {keys}{', ' if keys else ''}events: {{enabled: true, dimensions: {events}}}}}"
    )
    each = span(attributes={"there": 1, "k.a": "x"})
    each.events.add(name="exception")
    it.consume(traces(each))
    it.advance(1)
    assert it.last(metric)[0].attributes[5:] == (("there", 1), ("zone", "none"), ("k.a", "x"))


@pytest.mark.proves("spanmetrics.{dimensions_cache_size,add_resource_attributes}")
def test_keys_without_effect_change_nothing():
    def handed_on(keys):
        it = Running(f"{{metrics_flush_interval: 1s{keys}}}")
        it.consume(traces(*map(took, (1, 2, 3)), resource={"service.name": "shop", "zone": "a"}))
        it.advance(1)
        return it.out.batches[0].to_otlp()

    assert handed_on("") == handed_on(", dimensions_cache_size: 1") == handed_on(", add_resource_attributes: true")


@pytest.mark.proves("spanmetrics.{namespace,compat}")
@pytest.mark.parametrize(
    ("keys", "names", "instance"),
    [
        ("", ["traces.span.metrics.calls", "traces.span.metrics.duration"], True),
        ("namespace: ''", ["calls", "duration"], True),
        ("compat: '0.108'", ["calls", "duration"], False),
        ("compat: '0.108', namespace: red", ["red.calls", "red.duration"], False),
        ("compat: v0.120.1", ["traces.span.metrics.calls", "traces.span.metrics.duration"], False),
    ],
)
def test_names_are_those_of_the_wanted_version(keys, names, instance):
    it = Running(f"{{metrics_flush_interval: 1s, {keys}}}")
    it.consume(traces(span()))
    it.advance(1)
    found = points(it.out.batches[0])
    assert list(found) == names
    assert ("collector.instance.id" in dict(found[names[0]][0].attributes)) == instance
