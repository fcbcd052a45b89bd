"""What remote write brings leaves as OTLP, read by google.protobuf; senders get the answers that they understand."""

import http.client
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from otelier._core import snappy
from otelier.component import Permanent, Rejected, Retryable, SystemClock
from otelier.receivers.prometheusremotewrite import PrometheusRemoteWrite, PrometheusRemoteWriteReceiverConfig
from otelier.testing import MemoryExporter, component_context, decode
from otelier.testing.remote_write import message

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
V1 = {"content-type": "application/x-protobuf", "content-encoding": "snappy"}
V2 = {**V1, "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
COUNTER, GAUGE, HISTOGRAM, SUMMARY = 1, 2, 3, 5


class Running:
    def __init__(self, **keys: Any) -> None:
        cfg = PrometheusRemoteWriteReceiverConfig(endpoint="127.0.0.1:0", **keys)
        self.ctx = component_context("prometheusremotewrite", clock=SystemClock())
        self.receiver = PrometheusRemoteWrite(cfg, self.ctx)
        self.output = MemoryExporter()
        self.receiver.outputs = {"metrics": self.output}
        self.receiver.start()

    def post(self, request: Any, headers: dict[str, str] = V1) -> tuple[int, dict[str, str], str]:
        body = request if isinstance(request, bytes) else snappy(request.SerializeToString())
        connection = http.client.HTTPConnection(*self.receiver.address, timeout=10)
        connection.request("POST", "/api/v1/write", body, headers)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
        connection.close()
        return found

    def metrics(self) -> dict[str, Any]:
        (resource,) = decode(self.output.batches[-1]).resource_metrics
        return {each.name: each for scope in resource.scope_metrics for each in scope.metrics}

    def counted(self, name: str) -> float:
        return sum(sum(each.values.values()) for each in self.ctx.meter.collect() if each.name == name)

    def stop(self) -> None:
        self.receiver.stop(self.receiver.ctx.clock.monotonic() + 5)


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.stop()


def of_series(request: Any, name: str, *samples: tuple[int, float], **labels: str) -> Any:
    one = request.timeseries.add()
    for key, value in sorted({"__name__": name, "job": "shop/cart", "instance": "h:1", **labels}.items()):
        one.labels.add(name=key, value=value)
    for at, value in samples:
        one.samples.add(timestamp=at, value=value)
    return one


def attributes(points: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in points}


def test_types_come_from_metadata_and_targets_become_resources(running: Running) -> None:
    request = message("WriteRequest")
    request.metadata.add(type=COUNTER, metric_family_name="requests_total", help="Counted.", unit="1")
    request.metadata.add(type=GAUGE, metric_family_name="temperature")
    of_series(request, "requests_total", (1000, 7), (2000, 8), path="/")
    of_series(request, "temperature", (1000, -3.5))
    of_series(request, "unheard", (1000, 1), (2000, STALE), otel_scope_name="lib", otel_scope_version="2")
    of_series(request, "target_info", (1000, 1), region="eu")

    status, headers, _ = running.post(request)

    assert status == 204
    assert not any(name.startswith("x-prometheus-") for name in headers), "those are of version 2.0"
    (resource,) = decode(running.output.batches[0]).resource_metrics
    assert attributes(resource.resource.attributes) == {
        "service.namespace": "shop",
        "service.name": "cart",
        "service.instance.id": "h:1",
        "region": "eu",
    }
    assert [(each.scope.name, each.scope.version) for each in resource.scope_metrics][1] == ("lib", "2")
    found = running.metrics()
    counter = found["requests_total"]
    assert (counter.description, counter.unit) == ("Counted.", "1")
    assert (counter.sum.is_monotonic, counter.sum.aggregation_temporality) == (True, 2)
    assert [(each.time_unix_nano, each.as_double) for each in counter.sum.data_points] == [(10**9, 7), (2 * 10**9, 8)]
    assert attributes(counter.sum.data_points[0].attributes) == {"path": "/"}
    assert attributes(counter.metadata) == {"prometheus.type": "counter"}
    assert [each.as_double for each in found["temperature"].gauge.data_points] == [-3.5]
    last = found["unheard"].gauge.data_points[1]
    assert (last.flags, last.WhichOneof("value")) == (1, None)
    assert attributes(found["unheard"].metadata) == {"prometheus.type": "unknown"}


def test_what_target_info_said_is_known_in_later_requests(running: Running) -> None:
    first, second = message("WriteRequest"), message("WriteRequest")
    of_series(first, "target_info", (1000, 1), region="eu")
    of_series(second, "a", (1000, 1))
    assert running.post(first)[0] == 204
    assert running.output.batches == []
    assert running.post(second)[0] == 204
    (resource,) = decode(running.output.batches[0]).resource_metrics
    assert attributes(resource.resource.attributes)["region"] == "eu"


def test_native_histograms_and_their_exemplars(running: Running) -> None:
    request = message("WriteRequest")
    fine = of_series(request, "fine")
    one = fine.histograms.add(timestamp=1000, schema=2, count_int=10, sum=5.5, zero_threshold=0.5, zero_count_int=1)
    one.positive_spans.add(offset=1, length=2)
    one.positive_spans.add(offset=1, length=1)
    one.positive_deltas.extend([2, 1, 1])
    fine.histograms.add(timestamp=2000, sum=STALE)
    exemplar = fine.exemplars.add(value=0.7, timestamp=900)
    exemplar.labels.add(name="trace_id", value="0123456789abcdef0123456789abcdef")
    listed = of_series(request, "listed").histograms.add(timestamp=1000, schema=-53, count_int=6, sum=4.0)
    listed.custom_values.extend([0.1, 1.0])
    listed.positive_spans.add(offset=0, length=1)
    listed.positive_spans.add(offset=1, length=1)
    listed.positive_deltas.extend([2, 2])
    of_series(request, "gauge").histograms.add(timestamp=1000, reset_hint=3, count_int=0)

    status, _, text = running.post(request)

    assert status == 400
    assert "1 are histograms that are gauges" in text
    found = running.metrics()
    first, last = found["fine"].exponential_histogram.data_points
    assert (first.scale, first.count, first.sum, first.zero_count, first.zero_threshold) == (2, 10, 5.5, 1, 0.5)
    assert (first.positive.offset, list(first.positive.bucket_counts)) == (0, [2, 3, 0, 4])
    assert last.flags == 1
    assert last.exemplars[0].trace_id.hex() == "0123456789abcdef0123456789abcdef"
    (point,) = found["listed"].histogram.data_points
    assert (list(point.explicit_bounds), list(point.bucket_counts)) == ([0.1, 1.0], [2, 0, 4])
    assert "gauge" not in found
    assert running.counted("otelier_receiver_dropped_points") == 1


def test_series_of_classic_histograms_and_summaries_keep_their_names(running: Running) -> None:
    request = message("WriteRequest")
    request.metadata.add(type=HISTOGRAM, metric_family_name="latency")
    request.metadata.add(type=SUMMARY, metric_family_name="size")
    of_series(request, "latency_bucket", (1000, 2), le="0.1")
    of_series(request, "latency_count", (1000, 2))
    of_series(request, "size", (1000, 9), quantile="0.5")
    assert running.post(request)[0] == 204
    found = running.metrics()
    assert set(found) == {"latency_bucket", "latency_count", "size"}
    assert attributes(found["latency_bucket"].gauge.data_points[0].attributes) == {"le": "0.1"}
    assert attributes(found["latency_bucket"].metadata) == {"prometheus.type": "histogram"}


def test_version_two_is_taken(running: Running) -> None:
    request = message("Request")
    request.symbols.extend(["", "__name__", "a_total", "job", "j", "Helps."])
    one = request.timeseries.add(labels_refs=[1, 2, 3, 4])
    one.samples.add(timestamp=1000, value=3)
    one.metadata.type, one.metadata.help_ref = COUNTER, 5
    assert running.post(request, V2)[0] == 204
    found = running.metrics()["a_total"]
    assert (found.description, found.sum.data_points[0].as_double) == ("Helps.", 3)


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (Retryable("full", after_s=3.2), 503, "full"),
        (Permanent("never"), 400, "never"),
        (Rejected("one is bad", items=1), 400, "one is bad"),
        (RuntimeError("a bug"), 400, "internal error"),
    ],
)
def test_senders_learn_whether_to_come_back(running: Running, error: Exception, status: int, text: str) -> None:
    request = message("WriteRequest")
    of_series(request, "a", (1000, 1))
    running.output.fail_with(error)
    answered, headers, said = running.post(request)
    assert answered == status
    assert text in said
    assert headers.get("retry-after") == ("4" if status == 503 else None)


def test_what_is_no_request_is_refused(running: Running) -> None:
    assert running.post(b"rubbish")[0] == 400
    assert running.post(b"", {"content-type": "application/json"})[0] == 415
    assert running.post(b"", {"content-type": "application/x-protobuf;proto=other"})[0] == 415


def test_samples_that_cannot_be_are_told_and_others_taken(running: Running) -> None:
    request = message("WriteRequest")
    one = request.timeseries.add()
    one.labels.add(name="job", value="j")
    one.samples.add(timestamp=1, value=1)
    of_series(request, "a", (1000, 1))
    status, _, said = running.post(request)
    assert status == 400
    assert "all others are taken" in said
    assert set(running.metrics()) == {"a"}


@pytest.mark.proves("receivers.prometheusremotewrite.time_threshold")
def test_headers_travel_with_the_data() -> None:
    running = Running(include_metadata=True, time_threshold=24)
    try:
        request = message("WriteRequest")
        of_series(request, "a", (1000, 1))
        assert running.post(request, {**V1, "x-scope-orgid": "acme"})[0] == 204
        assert running.output.batches[0].metadata["x-scope-orgid"] == ("acme",)
    finally:
        running.stop()
