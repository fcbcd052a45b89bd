"""prometheusremotewrite: in order, whole, and what is refused is counted."""

import pytest

from otelier.component import ComponentID, Duration, Retryable, SystemClock
from otelier.exporters.prometheusremotewrite import PrometheusRemoteWrite
from otelier.exporters.prometheusremotewrite.config import RemoteWriteConfig, RemoteWriteQueue, WriteAheadLog
from otelier.sending import QueueSettings, RetrySettings, TlsClientSettings
from otelier.testing import RemoteWriteSink, SimulatedStorage, component_context, counter, gauge, metrics

QUICK = RetrySettings(initial_interval=Duration(0.01), max_interval=Duration(0.01))
NO_QUEUE = RemoteWriteQueue(enabled=False)


@pytest.fixture
def sink():
    with RemoteWriteSink() as started:
        yield started


@pytest.fixture
def made(sink):
    started = []

    def make(context=None, **keys):
        config = RemoteWriteConfig(**{"endpoint": sink.url, "retry_on_failure": QUICK} | keys)
        exporter = PrometheusRemoteWrite(config, context or component_context(clock=SystemClock(), signal="metrics"))
        exporter.start()
        started.append(exporter)
        return exporter

    yield make
    for each in started:
        each.stop(each.ctx.clock.monotonic() + 10)


def total(exporter, name):
    return sum(sum(each.values.values()) for each in exporter.ctx.meter.collect() if each.name == name)


def test_every_value_of_every_series_arrives_in_the_order_of_time(sink, made):
    exporter = made()
    for at in range(50):
        exporter.consume(metrics(*(counter(f"c{n}", at, at + 0.5, attributes={"n": n}) for n in range(20))))
    sink.until(lambda s: sum(map(len, s.samples.values())) == 50 * 20 * 2)
    for values in sink.samples.values():
        assert [value for _, value in values] == sorted(value for _, value in values)


def test_whoever_believes_any_certificate_is_told_so_at_the_start(made, caplog):
    made(tls=TlsClientSettings(insecure_skip_verify=True))
    assert "insecure_skip_verify" in caplog.text


def test_what_is_refused_for_now_is_sent_again_and_what_was_taken_is_not(sink, made):
    sink.answers = [(503, "later"), (429, "slower")]
    exporter = made(max_batch_size_bytes=1)
    exporter.consume(metrics(*(gauge(f"g{n}", 1.0) for n in range(40))))
    sink.until(lambda s: len(s.samples) == 40)
    assert all(len(values) == 1 for values in sink.samples.values())


def test_a_request_that_is_refused_for_good_costs_its_own_data_points_only(sink, made):
    sink.answers = [(400, "out of order")]
    exporter = made(max_batch_size_bytes=1, remote_write_queue=NO_QUEUE)
    exporter.consume(metrics(*(gauge(f"g{n}", 1.0) for n in range(10))))
    assert len(sink.samples) == 9
    assert total(exporter, "otelcol_exporter_sent_metric_points") == 9
    assert total(exporter, "otelcol_exporter_send_failed_metric_points") == 1


def test_delta_values_are_refused_and_counted_and_the_rest_arrives(sink, made):
    delta = counter("d", 1.0, 2.0)
    delta.sum.aggregation_temporality = 1
    exporter = made(remote_write_queue=NO_QUEUE)
    exporter.consume(metrics(delta, gauge("g", 1.0)))
    assert {dict(labels)["__name__"] for labels in sink.samples} == {"g_ratio"}
    assert total(exporter, "otelcol_exporter_prometheusremotewrite_failed_translations") == 2
    assert total(exporter, "otelcol_exporter_send_failed_metric_points") == 2
    assert total(exporter, "otelcol_exporter_sent_metric_points") == 1


@pytest.mark.proves("exporters.prometheusremotewrite.remote_write_queue.storage")
def test_a_queue_on_disk_survives_the_process(sink, made):
    storage = SimulatedStorage()
    extensions = {ComponentID.parse("file_storage"): storage}
    context = component_context(clock=SystemClock(), signal="metrics", extensions=extensions)
    queue = RemoteWriteQueue(storage=ComponentID.parse("file_storage"))
    sink.answers = [(503, "down")] * 1000
    first = made(context, remote_write_queue=queue)
    first.consume(metrics(gauge("g", 1.0)))
    first.stop(first.ctx.clock.monotonic())
    sink.answers = []
    made(context, remote_write_queue=queue)
    sink.until(lambda s: s.samples)


@pytest.mark.proves("exporters.prometheusremotewrite.remote_write_queue.enabled")
def test_without_a_queue_the_sender_hears_it(sink, made):
    sink.answers = [(503, "down")]
    exporter = made(remote_write_queue=NO_QUEUE, retry_on_failure=RetrySettings(enabled=False))
    with pytest.raises(Retryable, match="HTTP 503: down"):
        exporter.consume(metrics(gauge("g", 1.0)))


def test_metadata_goes_along_when_asked_and_client_metadata_as_headers(sink, made):
    exporter = made(send_metadata=True, include_metadata_keys=("X-Scope-OrgID",))
    exporter.consume(metrics(counter("requests", 1.0, unit="{request}")).with_metadata({"x-scope-orgid": ("a",)}))
    sink.until(lambda s: s.samples)
    assert sink.metadata["requests_total"] == (1, "", "{request}")
    assert sink.headers[0]["x-scope-orgid"] == "a"
    assert sink.headers[0]["x-prometheus-remote-write-version"] == "0.1.0"


@pytest.mark.proves("exporters.prometheusremotewrite.convert_explicit_histograms_to_nhcb")
def test_explicit_histograms_become_native_ones_with_their_bounds(sink, made):
    histogram = gauge("h")
    histogram.histogram.aggregation_temporality = 2
    point = histogram.histogram.data_points.add(count=6, sum=2.5, time_unix_nano=10**9)
    point.explicit_bounds.extend([0.1, 1.0])
    point.bucket_counts.extend([1, 0, 5])
    exporter = made(convert_explicit_histograms_to_nhcb=True)
    exporter.consume(metrics(histogram))
    sink.until(lambda s: s.histograms)
    [[found]] = sink.histograms.values()
    assert (found.schema, list(found.custom_values), found.count_int, found.sum) == (-53, [0.1, 1.0], 6, 2.5)
    assert [(span.offset, span.length) for span in found.positive_spans] == [(0, 3)]
    assert list(found.positive_deltas) == [1, -1, 5]


@pytest.mark.parametrize(
    ("keys", "where", "message"),
    [
        ({"endpoint": "prometheus:9090"}, "endpoint", "is not a URL"),
        ({"compression": "gzip"}, "compression", "must be snappy"),
        ({"wal": WriteAheadLog(directory="/var/wal")}, "wal", "remote_write_queue.storage"),
        ({"translation_strategy": "NoTranslation"}, "translation_strategy", "needs protobuf_message"),
        ({"sending_queue": QueueSettings(enabled=False)}, "sending_queue", "set remote_write_queue"),
        ({"external_labels": {"": "x"}}, "external_labels", "needs a name"),
    ],
)
def test_bad_keys_are_told_with_what_to_do(keys, where, message):
    config = RemoteWriteConfig(**{"endpoint": "http://localhost:9090/api/v1/write"} | keys)
    assert [path for path, text in config.problems() if message in text] == [where]
