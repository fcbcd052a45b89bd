"""One small payload per signal with every kind of value and of data point."""

from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from otelier.telemetry import Batch
from otelier.testing import counter, decode, gauge, log_record, logs, metrics, span, traces

START = 1_700_000_000 * 10**9
ATTRIBUTES = {
    "s": "abc",
    "long": "한글 text, 한글 text",
    "i": 5,
    "neg": -7,
    "f": 1.5,
    "b": True,
    "by": b"\x01\x02",
    "m": {"a": {"x": 1}, "k": "v"},
    "l": [1, "two", 3.5],
    "num": "42",
    "url": "https://shop.example:8443/cart?item=1",
    "secret": "password=hunter2",
}


def trace_payload() -> Batch:
    first = span("GET /", attributes=ATTRIBUTES, status="ERROR", kind="SERVER")
    first.trace_state = "a=1,b=2"
    first.events.add(name="exception", time_unix_nano=START + 5).attributes.add(key="k").value.string_value = "v"
    first.events.add(name="log", time_unix_nano=START + 7)
    first.links.add(trace_id=bytes(range(16)), span_id=bytes(range(8)))
    child = span("query", number=2, parent=1, kind="CLIENT", attributes={"db": "users"}, duration_ns=10**9)
    return traces(first, child, resource={"service.name": "shop", "n": 1}, scope="lib")


def metric_payload() -> Batch:
    histogram = Metric(name="h", unit="ms", description="d")
    histogram.histogram.aggregation_temporality = 2
    histogram.histogram.data_points.add(
        start_time_unix_nano=START,
        time_unix_nano=START + 1,
        count=6,
        sum=12.5,
        bucket_counts=[1, 2, 3],
        explicit_bounds=[1.0, 5.0],
        min=0.5,
        max=9.0,
    ).attributes.add(key="a").value.string_value = "x"
    exponential = Metric(name="e", unit="s")
    exponential.exponential_histogram.aggregation_temporality = 1
    point = exponential.exponential_histogram.data_points.add(
        start_time_unix_nano=START,
        time_unix_nano=START + 1,
        count=10,
        sum=30.0,
        scale=1,
        zero_count=1,
        min=1.0,
        max=9.0,
    )
    point.negative.offset = 1
    point.positive.offset = 2
    point.positive.bucket_counts.extend([1, 3, 5])
    summary = Metric(name="s")
    quantiles = summary.summary.data_points.add(time_unix_nano=START, count=4, sum=20.0)
    quantiles.quantile_values.add(quantile=0.5, value=4.0)
    quantiles.quantile_values.add(quantile=0.99, value=9.0)
    whole = gauge("whole", 0.0, attributes={"a": "x", "b": "y"})
    whole.gauge.data_points[0].as_int = 7
    other = counter("requests", 1.0, 2.0, attributes={"a": "x", "b": "1"})
    more = counter("requests", 5.0, attributes={"a": "y", "b": "2"}).sum.data_points[0]
    other.sum.data_points.append(more)
    return metrics(gauge("g", 3.5, attributes={"a": "x"}), whole, other, histogram, exponential, summary)


def log_payload() -> Batch:
    first = log_record("user=bob action=login", trace=1, attributes=ATTRIBUTES)
    first.severity_number = 9
    return logs(
        first,
        log_record({"a": {"b": 1}, "c": [1, 2]}, severity="WARN"),
        log_record(5, severity="ERROR", attributes={"s": "z"}),
        log_record(None),
        resource={"service.name": "shop"},
    )


PAYLOADS = {"traces": trace_payload, "metrics": metric_payload, "logs": log_payload}


def same(a: Batch, b: Batch) -> bool:
    return decode(a).SerializeToString(deterministic=True) == decode(b).SerializeToString(deterministic=True)
