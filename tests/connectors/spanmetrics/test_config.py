"""What makes no sense is refused with its key, and what the Collector takes is taken."""

import json

import pytest

from otelier.component import ConfigError

from .running import config


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dimensions: [{name: a}, {name: a}]", "`a` is a dimension already"),
        ("dimensions: [{name: span.name}]", "`span.name` is a dimension already"),
        ("dimensions: [{name: a}], calls_dimensions: [{name: a}]", "`a` is a dimension already"),
        ("dimensions: [{name: a}], histogram: {dimensions: [{name: a}]}", "`a` is a dimension already"),
        ("dimensions: [{glob: 'http.*'}, {name: http.route}]", "by the pattern `http.*`"),
        ("dimensions: [{name: a, glob: b}]", "a `name` or a `glob`"),
        ("dimensions: [{}]", "a `name` or a `glob`"),
        ("dimensions: [{glob: a, default: x}]", "goes with `name` only"),
        ("dimensions: [{glob: 'a['}]", "is no glob"),
        ("events: {enabled: true}", "must be set when events are enabled"),
        ("histogram: {explicit: {}, exponential: {}}", "either `explicit` or `exponential`"),
        ("histogram: {explicit: {buckets: [2ms, 1ms]}}", "must ascend"),
        ("histogram: {exponential: {max_size: 1}}", "at least 2"),
        ("histogram: {unit: h}", "unit"),
        ("metrics_flush_interval: 0s", "must be above 0"),
        ("metrics_expiration: -1s", "must not be negative"),
        ("series_expiration: -1s", "must not be negative"),
        ("aggregation_cardinality_limit: -1", "aggregation_cardinality_limit"),
        ("resource_metrics_cache_size: 0", "resource_metrics_cache_size"),
        ("metric_timestamp_cache_size: 0", "metric_timestamp_cache_size"),
        ("aggregation_temporality: SOMETIMES", "aggregation_temporality"),
        ("compat: old", "a version of the Collector"),
    ],
)
def test_what_makes_no_sense_is_refused(text, said):
    with pytest.raises(ConfigError) as refused:
        config(f"{{{text}}}")
    assert said in str(refused.value)


def test_the_defaults_are_the_collector_s():
    options = json.loads(config("{dimensions_cache_size: 5, add_resource_attributes: true}").options("id"))
    assert options["bounds_ns"][:3] == [2 * 10**6, 4 * 10**6, 6 * 10**6]
    assert len(options["bounds_ns"]) == 16
    assert (options["unit"], options["exemplars"], options["max_resources"]) == ("ms", 0, 1000)
    assert config("{}").metrics_flush_interval == 60
    assert json.loads(config("{exemplars: {enabled: true}}").options("id"))["exemplars"] == 5
    assert json.loads(config("{histogram: {exponential: }}").options("id"))["max_size"] == 160


def test_an_event_dimension_may_have_a_default():
    options = json.loads(config("{events: {enabled: true, dimensions: [{name: a, default: 7}]}}").options("id"))
    assert options["event_dimensions"] == [{"name": "a", "default": "7"}]


def remarked(text: str) -> dict[str, str]:
    return {remark.path: f"{remark.what} ({remark.advice})" for remark in config(f"{{{text}}}").remarks()}


def test_what_versions_name_differently_and_what_surprises_is_remarked():
    told = remarked("")
    assert list(told) == [
        "namespace",
        "exclude_dimensions",
        "aggregation_temporality",
        "resource_metrics_key_attributes",
    ]
    assert "begin with `traces.span.metrics.`" in told["namespace"]
    assert "`calls` and so on, because of `compat`" in remarked("compat: 0.108")["namespace"]
    assert "exclude_dimensions" not in remarked("compat: 0.108")
    settled = """namespace: mine, exclude_dimensions: [collector.instance.id],
        resource_metrics_key_attributes: [service.name], aggregation_temporality: AGGREGATION_TEMPORALITY_DELTA"""
    assert remarked(settled) == {}
