"""The double answers what its contract says."""

from otelier.query.metrics_reader import MetricsReader
from otelier.query.promql.ast import Matcher
from otelier.testing.metrics import MemoryMetrics


def filled() -> MemoryMetrics:
    metrics = MemoryMetrics()
    metrics.load('up{job="a"} 1 1 1', 1000)
    metrics.load('up{job="b"} 0', 1000, start_ms=2000)
    metrics.load('up{job="c"} 1', 1000, tenant="other")
    return metrics


def test_times_of_look_ups_include_both_ends_and_tenants_are_apart() -> None:
    reader: MetricsReader = filled()
    up = [[Matcher("=", "__name__", "up")]]
    assert [dict(each)["job"] for each in reader.series("default", up, 2000, 2000, 0).items] == ["a", "b"]
    assert [dict(each)["job"] for each in reader.series("default", [], 0, 1999, 0).items] == ["a"]
    assert reader.label_values("default", "job", [], 0, 9000, 0).items == ["a", "b"]
    assert reader.label_names("other", [], 0, 9000, 0).items == ["__name__", "job"]


def test_what_is_over_a_limit_is_told() -> None:
    reader: MetricsReader = filled()
    found = reader.label_values("default", "job", [], 0, 9000, 1)
    assert (found.items, found.truncated) == (["a"], True)
    assert not reader.label_values("default", "job", [], 0, 9000, 2).truncated


def test_statistics_name_the_largest_first() -> None:
    found = filled().statistics("default", 10)
    assert (found.series, found.samples, found.min_ms, found.max_ms) == (2, 4, 0, 2000)
    assert found.by_metric == [("up", 2)]
    assert found.values_by_label == [("job", 2), ("__name__", 1)]
    assert found.by_pair[0] == ("__name__=up", 2)
