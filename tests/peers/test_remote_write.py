"""Our remote write and the Go collector's: the same series, to the last label."""

import math
import random

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from otelier.component import SystemClock
from otelier.exporters.prometheusremotewrite import PrometheusRemoteWrite
from otelier.exporters.prometheusremotewrite.config import RemoteWriteConfig, ResourceToTelemetry
from otelier.telemetry import Batch
from otelier.testing import RemoteWriteSink, component_context

CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:{otlp}"}}}}
exporters:
  prometheusremotewrite:
    endpoint: {sink}
    external_labels: {추가로_원하는키: 추가로_원하는값, 9th: x, _private: y, job: never}
    <<: {more}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines: {metrics: {receivers: [otlp], exporters: [prometheusremotewrite]}}
"""
EXTERNAL = {"추가로_원하는키": "추가로_원하는값", "9th": "x", "_private": "y", "job": "never"}
GATE = "--feature-gates=exporter.prometheusremotewritexporter.enableSendingRW2"
V2 = "io.prometheus.write.v2.Request"
T0 = 1_700_000_000 * 10**9
KEYS = ["http.method", "http_method", "http/method", "1st", "_under", "__dunder", "한글", "a-b", "job", "é", "x:y", "A"]
PLAIN_KEYS = ["http.method", "http_method", "http/method", "1st", "a-b", "job", "x:y", "A"]
"""For resources: with other keys, the peer writes no target_info, or labels that its other series do not have."""
NAMES = [
    "http.server.duration", "1xx", "a..b", "total", "requests_total", "foo.total.bar", "ratio", "_x", "mem:usage",
    "bytes", "system.cpu.time", "한국", "x.seconds", "queue.size_bytes", "per.second",
]  # fmt: skip
UNITS = [
    "",
    "1",
    "ms",
    "s",
    "By",
    "By/s",
    "{request}",
    "{request}/s",
    "1/s",
    "m/s",
    "KiBy",
    "%",
    "Cel",
    "foo",
    "foo/bar",
    "min",
]


def value(rng: random.Random) -> AnyValue:
    return rng.choice(
        [
            AnyValue(string_value=rng.choice(["GET", "", "ü", "a;b"])),
            AnyValue(int_value=rng.randrange(-5, 500)),
            AnyValue(bool_value=True),
            AnyValue(double_value=rng.choice([0.5, 1e21, 3.0, -0.1])),
            AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="a"), AnyValue(int_value=1)])),
            AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(bool_value=False))])),
            AnyValue(bytes_value=b"\x01\x02"),
        ]
    )


def attributes(rng: random.Random, most: int, keys: list[str] = KEYS) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(rng)) for key in rng.sample(keys, rng.randrange(most))]


def made(seed: int) -> ExportMetricsServiceRequest:
    rng = random.Random(seed)
    request = ExportMetricsServiceRequest()
    for number in range(3):
        group = request.resource_metrics.add()
        group.resource.attributes.extend(attributes(rng, 4, PLAIN_KEYS))
        if number:
            group.resource.attributes.add(key="service.name", value=AnyValue(string_value=f"shop{number}"))
        if number == 2:
            group.resource.attributes.add(key="service.namespace", value=AnyValue(string_value="eu"))
            group.resource.attributes.add(key="service.instance.id", value=AnyValue(string_value="i-1"))
        for scope_number in range(2):
            scope = group.scope_metrics.add()
            if scope_number:
                scope.scope.name, scope.scope.version = "lib", "1.2"
                scope.schema_url = "https://example.org/1"
                scope.scope.attributes.extend(attributes(rng, 3))
            for at in range(12):
                add_metric(
                    rng, scope, f"{rng.choice(NAMES)}.r{number}.s{scope_number}.m{at}" if at % 2 else rng.choice(NAMES)
                )
    return request


def add_metric(rng: random.Random, scope, name: str) -> None:
    metric = scope.metrics.add(name=name, unit=rng.choice(UNITS), description="what it is")
    kind = rng.choice(["gauge", "sum", "sum", "histogram", "exponential_histogram", "summary"])
    data = getattr(metric, kind)
    data.SetInParent()
    if kind == "sum":
        data.is_monotonic = rng.random() < 0.6
    if kind not in ("gauge", "summary"):
        data.aggregation_temporality = 2
    # Several points of a metric differ in an attribute: two of the same series would have no order.
    for number in range(rng.randrange(1, 3)):
        point = data.data_points.add(time_unix_nano=T0 + rng.randrange(10**10), start_time_unix_nano=T0)
        point.attributes.extend(attributes(rng, 5))
        point.attributes.add(key="number", value=AnyValue(int_value=number))
        point.attributes.add(key="of", value=AnyValue(string_value=f"{name}{rng.random()}"))
        point.flags = int(rng.random() < 0.1)
        fill(rng, kind, point)


def fill(rng: random.Random, kind: str, point) -> None:
    if kind in ("gauge", "sum"):
        if rng.random() < 0.5:
            point.as_int = rng.randrange(100)
        else:
            point.as_double = rng.random()
    elif kind == "summary":
        point.count, point.sum = 3, 1.5
        point.quantile_values.add(quantile=0.99, value=2.0)
        point.quantile_values.add(quantile=1, value=3.0)
    elif kind == "histogram":
        point.explicit_bounds.extend([0.001, 0.5, 10, 1e7])
        point.bucket_counts.extend(rng.randrange(4) for _ in range(5))
        point.count = sum(point.bucket_counts)
        if rng.random() < 0.8:
            point.sum = 7.5
    else:
        point.scale, point.zero_count, point.sum = rng.choice([-4, 0, 3, 8]), 2, 5.5
        point.positive.offset = rng.randrange(-20, 20)
        point.positive.bucket_counts.extend(rng.choice([0, 0, 0, 1, 5]) for _ in range(30))
        point.negative.bucket_counts.extend(rng.choice([0, 2]) for _ in range(3))
        point.count = 2 + sum(point.positive.bucket_counts) + sum(point.negative.bucket_counts)
    if kind in ("histogram", "exponential_histogram", "sum"):
        for _ in range(rng.randrange(3)):
            found = point.exemplars.add(as_double=rng.choice([0.0005, 0.5, 3, 1e9]), time_unix_nano=T0)
            found.trace_id, found.span_id = b"\x01" * 16, b"\x02" * 8
            found.filtered_attributes.add(key="user_id", value=AnyValue(string_value="u" * rng.choice([1, 120])))


def expanded(histogram) -> tuple:
    """Two layouts may mean the same: buckets by index, without empty ones."""
    sides = []
    for spans, deltas in (
        (histogram.negative_spans, list(histogram.negative_deltas)),
        (histogram.positive_spans, list(histogram.positive_deltas)),
    ):
        buckets, index, count = {}, 0, 0
        for span in spans:
            index += span.offset
            for _ in range(span.length):
                count += deltas.pop(0)
                buckets[index] = count
                index += 1
        assert not deltas
        sides.append({index: count for index, count in buckets.items() if count})
    found = histogram
    total = "nan" if math.isnan(found.sum) else found.sum
    return sides, found.count_int, total, found.schema, found.zero_threshold, found.zero_count_int, found.timestamp


def shown(sink: RemoteWriteSink):
    def plain(number: float) -> object:
        return "nan" if math.isnan(number) else number

    samples = {labels: sorted((at, plain(v)) for at, v in values) for labels, values in sink.samples.items()}
    # A label without a value is none; the peer writes some.
    exemplars = {
        labels: sorted((tuple(sorted(pairs)), *rest) for pairs, *rest in each)
        for labels, each in sink.exemplars.items()
        if each
    }
    histograms = {labels: [expanded(each) for each in found] for labels, found in sink.histograms.items()}
    return {
        tuple(pair for pair in labels if pair[1]): (samples[labels], exemplars.get(labels), histograms.get(labels))
        for labels in samples
    }


@pytest.mark.proves(
    "exporters.prometheusremotewrite.{namespace,add_metric_suffixes,translation_strategy}",
    "exporters.prometheusremotewrite.{disable_scope_info,external_labels}",
    "exporters.prometheusremotewrite.{resource_to_telemetry_conversion.enabled,protobuf_message}",
)
@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ("{}", {}),
        ("{namespace: shop}", {"namespace": "shop"}),
        ("{add_metric_suffixes: false}", {"add_metric_suffixes": False}),
        (
            "{resource_to_telemetry_conversion: {enabled: true}}",
            {"resource_to_telemetry_conversion": ResourceToTelemetry(enabled=True)},
        ),
        ("{disable_scope_info: true}", {"disable_scope_info": True}),
        ("{protobuf_message: io.prometheus.write.v2.Request}", {"protobuf_message": V2}),
        (
            "{translation_strategy: NoUTF8EscapingWithSuffixes, protobuf_message: io.prometheus.write.v2.Request}",
            {"translation_strategy": "NoUTF8EscapingWithSuffixes", "protobuf_message": V2},
        ),
        (
            "{translation_strategy: NoTranslation, protobuf_message: io.prometheus.write.v2.Request}",
            {"translation_strategy": "NoTranslation", "protobuf_message": V2},
        ),
    ],
)
def test_the_same_series_to_the_last_label(go_collector, more, keys):
    requests = [made(seed) for seed in range(12)]
    with RemoteWriteSink() as theirs, RemoteWriteSink() as ours:
        with go_collector.running(CONFIG, GATE, sink=theirs.url, more=more) as peer:
            for request in requests:
                peer.send("metrics", request.SerializeToString())
        config = RemoteWriteConfig(endpoint=ours.url, external_labels=EXTERNAL, **keys)
        exporter = PrometheusRemoteWrite(config, component_context(clock=SystemClock(), signal="metrics"))
        exporter.start()
        for request in requests:
            exporter.consume(Batch.from_otlp("metrics", request.SerializeToString()))
        exporter.stop(exporter.ctx.clock.monotonic() + 10)
        # By 2.0 the peer sends exemplars of other series than by 1.0, and none of buckets.
        if "protobuf_message" in keys:
            theirs.exemplars, ours.exemplars = {}, {}
        expected, found = shown(theirs), shown(ours)
    assert set(found) - set(expected) == set()
    assert set(expected) - set(found) == set()
    assert found == expected
