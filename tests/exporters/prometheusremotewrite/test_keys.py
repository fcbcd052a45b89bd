"""prometheusremotewrite: what each key changes about what arrives."""

import pytest

from otelier.component import Duration, Refused, Retryable, SystemClock
from otelier.exporters.prometheusremotewrite import PrometheusRemoteWrite
from otelier.exporters.prometheusremotewrite.config import (
    RemoteWriteConfig,
    RemoteWriteQueue,
    ResourceToTelemetry,
    TargetInfo,
    WriteAheadLog,
)
from otelier.sending import RetrySettings
from otelier.testing import RemoteWriteSink, component_context, counter, gauge, metrics

NO_QUEUE = RemoteWriteQueue(enabled=False)
ONCE = RetrySettings(enabled=False)
SHOP = {"service.name": "shop", "region": "eu", "zone": "1"}
V2 = "io.prometheus.write.v2.Request"


@pytest.fixture
def sink():
    with RemoteWriteSink() as started:
        yield started


@pytest.fixture
def made(sink):
    started = []

    def make(**keys):
        config = RemoteWriteConfig(**{"endpoint": sink.url, "remote_write_queue": NO_QUEUE} | keys)
        assert list(config.problems()) == []
        exporter = PrometheusRemoteWrite(config, component_context(clock=SystemClock(), signal="metrics"))
        exporter.start()
        started.append(exporter)
        return exporter

    yield make
    for each in started:
        each.stop(each.ctx.clock.monotonic() + 10)


def series(sink):
    """Labels of each series by its name."""
    found = [dict(labels) for labels in sink.samples]
    return {labels.pop("__name__"): labels for labels in found}


def one(**attributes):
    return metrics(counter("http.requests", 1.0, unit="By", attributes=attributes), resource=SHOP)


@pytest.mark.proves("exporters.prometheusremotewrite.{endpoint,namespace,add_metric_suffixes,translation_strategy}")
@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({}, "http_requests_bytes_total"),
        ({"namespace": "acme"}, "acme_http_requests_bytes_total"),
        ({"add_metric_suffixes": False}, "http_requests"),
        ({"translation_strategy": "UnderscoreEscapingWithoutSuffixes"}, "http_requests"),
        ({"translation_strategy": "NoTranslation", "protobuf_message": V2}, "http.requests"),
    ],
)
def test_names(sink, made, keys, name):
    made(**keys, target_info=TargetInfo(enabled=False)).consume(one())
    assert list(series(sink)) == [name]


@pytest.mark.proves(
    "exporters.prometheusremotewrite.{disable_scope_info,external_labels}",
    "exporters.prometheusremotewrite.{resource_constant_labels,resource_to_telemetry_conversion.enabled}",
)
@pytest.mark.parametrize(
    ("keys", "labels"),
    [
        ({}, {"job": "shop", "otel_scope_name": "test"}),
        ({"disable_scope_info": True}, {"job": "shop"}),
        (
            {"external_labels": {"cluster": "a", "job": "never"}, "disable_scope_info": True},
            {"job": "shop", "cluster": "a"},
        ),
        ({"resource_constant_labels": ("zone", "none"), "disable_scope_info": True}, {"job": "shop", "zone": "1"}),
        (
            {"resource_to_telemetry_conversion": ResourceToTelemetry(enabled=True), "disable_scope_info": True},
            {"job": "shop", "service_name": "shop", "region": "eu", "zone": "1"},
        ),
    ],
)
def test_labels(sink, made, keys, labels):
    made(**keys).consume(one())
    assert series(sink)["http_requests_bytes_total"] == labels


@pytest.mark.proves("exporters.prometheusremotewrite.target_info.enabled")
@pytest.mark.parametrize("enabled", [True, False])
def test_target_info(sink, made, enabled):
    made(target_info=TargetInfo(enabled=enabled)).consume(one())
    wanted = {"job": "shop", "region": "eu", "zone": "1"} if enabled else None
    assert series(sink).get("target_info") == wanted


@pytest.mark.proves("exporters.prometheusremotewrite.protobuf_message")
@pytest.mark.parametrize(("version", "header"), [("prometheus.WriteRequest", "0.1.0"), (V2, "2.0.0")])
def test_the_message_s_version(sink, made, version, header):
    made(protobuf_message=version).consume(one())
    assert "http_requests_bytes_total" in series(sink)
    assert sink.headers[0]["x-prometheus-remote-write-version"] == header


@pytest.mark.proves("exporters.prometheusremotewrite.send_metadata")
@pytest.mark.parametrize("send_metadata", [True, False])
def test_metadata(sink, made, send_metadata):
    made(send_metadata=send_metadata).consume(one())
    assert ("http_requests_bytes_total" in sink.metadata) is send_metadata


@pytest.mark.proves(
    "exporters.prometheusremotewrite.keep_classic_histograms",
    "exporters.prometheusremotewrite.convert_explicit_histograms_to_nhcb",
)
@pytest.mark.parametrize(("keeps", "classic"), [(True, {"h_bucket", "h_sum", "h_count"}), (False, set())])
def test_classic_series_beside_native_ones(sink, made, keeps, classic):
    histogram = gauge("h", unit="")
    histogram.histogram.aggregation_temporality = 2
    point = histogram.histogram.data_points.add(count=3, sum=1.0, time_unix_nano=10**9)
    point.explicit_bounds.extend([1.0])
    point.bucket_counts.extend([1, 2])
    made(convert_explicit_histograms_to_nhcb=True, keep_classic_histograms=keeps).consume(metrics(histogram))
    assert set(series(sink)) == classic | {"h"}
    assert len(sink.histograms) == 1


@pytest.mark.proves("exporters.prometheusremotewrite.max_batch_size_bytes")
@pytest.mark.parametrize(("most", "least", "greatest"), [(1, 40, 40), (3_000_000, 1, 1)])
def test_requests_are_closed_by_their_size(sink, made, most, least, greatest):
    exporter = made(max_batch_size_bytes=most, max_batch_request_parallelism=1)
    exporter.consume(metrics(*(gauge(f"g{n}", 1.0) for n in range(40))))
    assert least <= len(sink.headers) <= greatest


@pytest.mark.proves(
    "exporters.prometheusremotewrite.max_batch_request_parallelism",
    "exporters.prometheusremotewrite.remote_write_queue.num_consumers",
)
@pytest.mark.parametrize(
    ("keys", "others_go_on"),
    [
        ({"max_batch_request_parallelism": 1}, False),
        ({"max_batch_request_parallelism": 4}, True),
        ({"remote_write_queue": RemoteWriteQueue(enabled=False, num_consumers=1)}, False),
        ({"remote_write_queue": RemoteWriteQueue(enabled=False, num_consumers=4)}, True),
    ],
)
def test_requests_under_way_at_once(sink, made, keys, others_go_on):
    """A lane ends at what is refused for now; whatever else arrives came by other lanes."""
    sink.answers = [(503, "later")]
    exporter = made(max_batch_size_bytes=1, retry_on_failure=ONCE, **keys)
    with pytest.raises(Retryable):
        exporter.consume(metrics(*(gauge(f"g{n}", 1.0) for n in range(40))))
    assert (len(sink.headers) > 1) is others_go_on


@pytest.mark.proves("exporters.prometheusremotewrite.remote_write_queue.queue_size")
def test_a_full_queue_refuses(sink, made):
    sink.answers = [(503, "down")] * 10_000
    retry = RetrySettings(initial_interval=Duration(0.01), max_interval=Duration(0.01))
    exporter = made(remote_write_queue=RemoteWriteQueue(queue_size=2), retry_on_failure=retry)
    exporter.consume(one(n=1))
    exporter.consume(one(n=2))
    with pytest.raises(Refused):
        exporter.consume(one(n=3))
    sink.answers = []


@pytest.mark.proves("exporters.prometheusremotewrite.include_metadata_keys")
def test_client_metadata_tells_requests_apart(sink, made):
    exporter = made(include_metadata_keys=("X-Scope-OrgID",))
    for tenant in ("a", "b"):
        exporter.consume(one().with_metadata({"x-scope-orgid": (tenant,)}))
    exporter.consume(one())
    assert list(dict.fromkeys(headers.get("x-scope-orgid") for headers in sink.headers)) == ["a", "b", None]


@pytest.mark.proves(
    "exporters.prometheusremotewrite.wal.{directory,buffer_size,truncate_frequency,lag_record_frequency}"
)
def test_a_log_of_its_own_is_not_taken_and_its_settings_without_a_directory_change_nothing(sink, made):
    settings = WriteAheadLog(buffer_size=1, truncate_frequency=Duration(1), lag_record_frequency=Duration(1))
    made(wal=settings).consume(one())
    assert "http_requests_bytes_total" in series(sink)
    config = RemoteWriteConfig(endpoint=sink.url, wal=WriteAheadLog(directory="wal"))
    assert [(path, "file_storage" in text) for path, text in config.problems()] == [("wal", True)]
