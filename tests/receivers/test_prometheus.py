"""What targets say, as OTLP; read by google.protobuf."""

import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from otelier._core import ScrapeCache
from otelier.component import SystemClock
from otelier.config import decode, load
from otelier.receivers.prometheus import Prometheus, PrometheusReceiverConfig
from otelier.testing import component_context
from otelier.testing.scrape import FakeTarget

OPEN_METRICS = """\
# HELP requests counted
# TYPE requests counter
requests_total{path="/"} 7 # {trace_id="0123456789abcdef0123456789abcdef",span_id="0123456789abcdef",user="u"} 0.5 1.5
requests_created{path="/"} 100.5
# TYPE temperature_celsius gauge
# UNIT temperature_celsius celsius
temperature_celsius -3.5
# TYPE latency histogram
latency_bucket{le="0.1"} 2
latency_bucket{le="1.0"} 5
latency_bucket{le="+Inf"} 6
latency_sum 4.5
latency_count 6
# TYPE size summary
size{quantile="0.5"} 10
size_sum 33
size_count 3
# TYPE target info
target_info{region="eu",job="x"} 1
# EOF
"""


class Points:
    """Metrics by name, from scrape to scrape."""

    def __init__(self, **options: Any) -> None:
        labels = [("job", "j"), ("instance", "h:1")]
        self._labels = labels
        self._cache = ScrapeCache([[("__name__", "up"), *labels]], resource=[("service.name", "j")], **options)

    def take(self, body: str | bytes, at: int, kind: Any = "openmetrics") -> tuple[dict[str, Any], dict[str, str]]:
        data = body.encode() if isinstance(body, str) else body
        unknown = self._cache.read(data, kind, native=True)
        self._cache.learn([[*labels, *(x for x in self._labels if x[0] not in dict(labels))] for labels in unknown])
        return read(self._cache.finish(at, 0.1, []).otlp)

    def fail(self, at: int) -> dict[str, Any]:
        return read(self._cache.fail(at, 0.1, []).otlp)[0]


def read(body: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
    attributes = {each.key: each.value.string_value for each in resource.resource.attributes}
    return {metric.name: metric for metric in resource.scope_metrics[0].metrics}, attributes


def attributes_of(point: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in point.attributes}


def test_every_type() -> None:
    metrics, resource = Points().take(OPEN_METRICS, 2000)
    assert resource == {"service.name": "j", "region": "eu"}
    assert "target_info" not in metrics
    counter = metrics["requests_total"]
    assert counter.description == "counted"
    assert (counter.sum.is_monotonic, counter.sum.aggregation_temporality) == (True, 2)
    (point,) = counter.sum.data_points
    assert (point.as_double, point.time_unix_nano, attributes_of(point)) == (7, 2_000_000_000, {"path": "/"})
    (exemplar,) = point.exemplars
    assert exemplar.trace_id.hex() == "0123456789abcdef0123456789abcdef"
    assert exemplar.span_id.hex() == "0123456789abcdef"
    assert (exemplar.as_double, exemplar.time_unix_nano) == (0.5, 1_500_000_000)
    assert [each.key for each in exemplar.filtered_attributes] == ["user"]
    gauge = metrics["temperature_celsius"]
    assert (gauge.unit, gauge.gauge.data_points[0].as_double) == ("celsius", -3.5)
    (point,) = metrics["latency"].histogram.data_points
    assert (point.count, point.sum, list(point.explicit_bounds)) == (6, 4.5, [0.1, 1.0])
    assert list(point.bucket_counts) == [2, 3, 1]
    (point,) = metrics["size"].summary.data_points
    assert (point.count, point.sum) == (3, 33)
    assert [(each.quantile, each.value) for each in point.quantile_values] == [(0.5, 10)]
    assert metrics["up"].gauge.data_points[0].as_double == 1
    assert {each.key: each.value.string_value for each in counter.metadata} == {"prometheus.type": "counter"}


def test_start_times_begin_anew_when_a_counter_falls() -> None:
    points = Points()
    starts = [
        points.take(f"# TYPE a counter\na {value}\n", at, "text")[0]["a"].sum.data_points[0].start_time_unix_nano
        for value, at in ((5, 1000), (6, 2000), (1, 3000), (2, 4000))
    ]
    assert [start // 10**9 for start in starts] == [1, 1, 3, 3]


def test_what_has_gone_is_a_point_without_a_value() -> None:
    points = Points()
    points.take(
        "# TYPE a counter\na 1\n# TYPE h histogram\nh_count 1\nh_sum 1\nh_bucket{le='+Inf'} 1\n".replace("'", '"'),
        1000,
        "text",
    )
    metrics = points.fail(2000)
    assert [point.flags for point in metrics["a"].sum.data_points] == [1]
    assert [point.flags for point in metrics["h"].histogram.data_points] == [1]
    assert metrics["up"].gauge.data_points[0].as_double == 0


def test_names_can_be_trimmed() -> None:
    body = "# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n# EOF\n"
    assert set(Points(trim=True).take(body, 1)[0]) == {"a", "up"}


def test_native_histograms_become_exponential_ones() -> None:
    metrics, _ = Points().take(NATIVE, 1000, "protobuf")
    (point,) = metrics["n"].exponential_histogram.data_points
    assert (point.count, point.sum, point.scale, point.zero_count) == (9, 12.5, 3, 2)
    assert (point.positive.offset, list(point.positive.bucket_counts)) == (-1, [1, 2, 0, 4])
    assert point.zero_threshold == 0.001


def field(number: int, value: Any) -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _native() -> bytes:
    histogram = field(1, 9) + field(2, 12.5) + field(5, 6) + field(6, 0.001) + field(7, 2)
    # Two buckets from 0 on, one empty, one more: counts 1, 2, 4 as deltas.
    histogram += field(12, field(1, 0) + field(2, 2)) + field(12, field(1, 2) + field(2, 1))
    histogram += field(13, varint(2) + varint(2) + varint(4))
    family = field(1, b"n") + field(3, 4) + field(4, field(7, histogram))
    return varint(len(family)) + family


NATIVE = _native()


class Memory:
    def __init__(self) -> None:
        self.batches: list[Any] = []
        self.changed = threading.Condition()

    def consume(self, batch: Any) -> None:
        with self.changed:
            self.batches.append(batch)
            self.changed.notify_all()


@pytest.fixture
def target() -> Iterator[FakeTarget]:
    with FakeTarget("# TYPE a counter\na 1\n") as made:
        yield made


def config_of(text: str) -> PrometheusReceiverConfig:
    document = load(["yaml:{receiver: " + text + "}"])
    return decode(PrometheusReceiverConfig, document.tree["receiver"], ("receiver",), document)


@pytest.mark.proves("prometheus.{config,report_extra_scrape_metrics,trim_metric_suffixes}")
@pytest.mark.proves("prometheus.{start_time_metric_regex,use_start_time_metric}")
def test_the_receiver_scrapes_into_its_pipelines(target: FakeTarget) -> None:
    cfg = config_of(
        "{config: {scrape_configs: [{job_name: j, scrape_interval: 100ms, static_configs: "
        f"[{{targets: ['{target.address}']}}], relabel_configs: [{{target_label: x, replacement: $$1}}]}}]}}, "
        "report_extra_scrape_metrics: true, trim_metric_suffixes: true, use_start_time_metric: true, "
        "start_time_metric_regex: x}"
    )
    target.set("# TYPE a_total counter\na_total 1\n")
    receiver = Prometheus(cfg, component_context("prometheus", clock=SystemClock()))
    memory = Memory()
    receiver.outputs = {"metrics": memory}
    receiver.start()
    try:
        with memory.changed:
            assert memory.changed.wait_for(lambda: memory.batches, 20)
            batch = memory.batches[0]
    finally:
        receiver.stop(receiver.ctx.clock.monotonic() + 5)
    metrics, resource = read(batch.to_otlp())
    assert resource["service.name"] == "j"
    assert (resource["server.address"], resource["url.scheme"]) == ("127.0.0.1", "http")
    assert metrics["a"].sum.data_points[0].as_double == 1
    assert metrics["up"].gauge.data_points[0].as_double == 1
    assert "scrape_sample_limit" in metrics
