"""What an answer of a target becomes: labels, limits, reports, staleness."""

import pytest

from otelier.component import ConfigError
from otelier.config import decode, load
from otelier.scrape.config import Job, PrometheusConfig
from otelier.scrape.loops import relabellings
from otelier.scrape.relabel import Relabelling
from otelier.scrape.series import TargetSeries, accept_header, format_of
from otelier.scrape.target import Target, TargetGroup, discovered_labels, made
from otelier.testing.remote_write import message
from otelier.testing.scrape import is_stale, rows_of

from ..receivers.test_prometheus import NATIVE, field, varint

TEXT = "text/plain; version=0.0.4"


def job_of(keys: str = "") -> Job:
    text = "yaml:{scrape_configs: [{job_name: j, " + keys + "}]}"
    document = load([text])
    return decode(PrometheusConfig, document.tree, (), document).jobs()[0]


def target_of(job: Job, **labels: str) -> Target:
    own = {"__address__": "h:1", **labels}
    target = made(job, Relabelling(job.config.relabel_configs), discovered_labels(job, TargetGroup("s", (own,)), own))
    assert target is not None
    return target


def series_of(keys: str = "", **labels: str) -> TargetSeries:
    job = job_of(keys)
    return TargetSeries(job, target_of(job, **labels), relabellings(job)["series"])


def values(scraped, name: str) -> list[tuple[dict[str, str], int, float]]:
    return [row for row in rows_of(scraped.samples) if row[0]["__name__"] == name]


def test_samples_get_the_targets_labels() -> None:
    series = series_of(zone="z")
    scraped = series.take(b'a{x="1"} 2\n', TEXT, 1000, 0.5)
    assert values(scraped, "a") == [
        ({"__name__": "a", "instance": "h:1", "job": "j", "x": "1", "zone": "z"}, 1000, 2.0)
    ]
    reports = {labels["__name__"]: value for labels, _, value in rows_of(scraped.samples) if labels["__name__"] != "a"}
    assert reports == {
        "up": 1,
        "scrape_duration_seconds": 0.5,
        "scrape_samples_scraped": 1,
        "scrape_samples_post_metric_relabeling": 1,
        "scrape_series_added": 1,
    }


def test_extra_reports() -> None:
    scraped = series_of("extra_scrape_metrics: true, sample_limit: 7").take(b"a 1\n", TEXT, 1, 0.0)
    found = {labels["__name__"]: value for labels, _, value in rows_of(scraped.samples)}
    assert (found["scrape_timeout_seconds"], found["scrape_sample_limit"], found["scrape_body_size_bytes"]) == (
        10,
        7,
        4,
    )


def test_a_clash_of_labels() -> None:
    body = b'a{job="own",exported_job="b"} 1\n'
    clash = values(series_of().take(body, TEXT, 1, 0.0), "a")[0][0]
    assert (clash["job"], clash["exported_job"], clash["exported_exported_job"]) == ("j", "b", "own")
    honored = values(series_of("honor_labels: true").take(body, TEXT, 1, 0.0), "a")[0][0]
    assert (honored["job"], honored["exported_job"], honored["instance"]) == ("own", "b", "h:1")


def test_timestamps_are_kept_or_not() -> None:
    assert values(series_of().take(b"a 1 77\n", TEXT, 1, 0.0), "a")[0][1] == 77
    assert values(series_of("honor_timestamps: false").take(b"a 1 77\n", TEXT, 1, 0.0), "a")[0][1] == 1


def test_relabelling_of_series() -> None:
    keys = (
        'metric_relabel_configs: [{source_labels: [__name__], regex: "b.*", action: drop},'
        "{regex: x, action: labeldrop}, {source_labels: [__name__], target_label: copy}]"
    )
    series = series_of(keys)
    scraped = series.take(b'a{x="1"} 1\nbb 2\n', TEXT, 1, 0.0)
    assert (scraped.scraped, scraped.kept) == (2, 1)
    assert values(scraped, "a")[0][0] == {"__name__": "a", "copy": "a", "instance": "h:1", "job": "j"}


def test_what_has_gone_is_stale() -> None:
    series = series_of()
    series.take(b"a 1\nb 1\n", TEXT, 1000, 0.0)
    after = series.take(b"a 1\n", TEXT, 2000, 0.0)
    assert is_stale(values(after, "b")[0][2])
    failed = series.fail(3000, 0.1)
    assert is_stale(values(failed, "a")[0][2])
    assert values(failed, "up")[0][2] == 0
    assert not values(failed, "b")
    ended = series.end(4000)
    assert is_stale(values(ended, "up")[0][2])


@pytest.mark.parametrize(
    ("keys", "body", "said"),
    [
        ("sample_limit: 1", "a 1\nb 1\n", "sample_limit is 1"),
        ("label_limit: 3", 'a{x="1"} 1\n', "label_limit is 3"),
        ("label_name_length_limit: 9", 'a{much_too_long="1"} 1\n', "label_name_length_limit"),
        ("label_value_length_limit: 9", 'a{x="much_too_long"} 1\n', "label_value_length_limit"),
        ("metric_name_validation_scheme: legacy", '{"a.b"} 1\n', "is no name"),
        ("", "a 1\n!\n", "line 2"),
    ],
)
def test_a_limit_fails_the_whole_scrape(keys: str, body: str, said: str) -> None:
    series = series_of(keys)
    with pytest.raises(ValueError, match=said):
        series.take(body.encode(), TEXT, 1, 0.0)
    assert values(series.fail(1, 0.0), "up")[0][2] == 0


def test_formats_by_content_type() -> None:
    proto = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    assert format_of(TEXT, None) == "text"
    assert format_of("application/openmetrics-text; version=1.0.0; charset=utf-8", None) == "openmetrics"
    assert format_of(proto, None) == "protobuf"
    assert format_of("", "OpenMetricsText1.0.0") == "openmetrics"
    with pytest.raises(ValueError, match="fallback_scrape_protocol"):
        format_of("text/html", None)


def test_what_targets_are_asked_for() -> None:
    assert accept_header(job_of()) == (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        "application/openmetrics-text;version=0.0.1;q=0.4,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
    )


def test_a_targets_url_and_labels() -> None:
    job = job_of(
        "params: {module: [a, b]}, metrics_path: /probe, scheme: https, relabel_configs: ["
        "{source_labels: [__address__], target_label: __param_target}, "
        "{source_labels: [__meta_zone], target_label: zone}, "
        "{target_label: __scrape_interval__, replacement: 30s}]"
    )
    target = target_of(job, __meta_zone="z")
    assert target.url == "https://h:1/probe?module=a&module=b&target=h%3A1"
    assert target.labels == {"instance": "h:1", "job": "j", "zone": "z"}
    assert (target.interval_s, target.timeout_s) == (30, 10)
    assert target.discovered["__meta_zone"] == "z"


PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


@pytest.mark.parametrize(
    ("keys", "schema", "spans", "deltas"),
    [
        ("", 3, [(0, 2), (1, 1)], [1, 1, 2]),
        ("native_histogram_bucket_limit: 3", 3, [(0, 2), (1, 1)], [1, 1, 2]),
        ("native_histogram_bucket_limit: 2", 1, [(0, 2)], [1, 5]),
        ("native_histogram_min_bucket_factor: 1.2", 1, [(0, 2)], [1, 5]),
        ("native_histogram_min_bucket_factor: 1.01", 3, [(0, 2), (1, 1)], [1, 1, 2]),
    ],
)
def test_native_histograms_become_coarser(
    keys: str, schema: int, spans: list[tuple[int, int]], deltas: list[int]
) -> None:
    series = series_of(", ".join(["scrape_native_histograms: true", *([keys] if keys else [])]))
    found = series.take(NATIVE, PROTOBUF, 1, 0.0).samples.contents()
    ((_, encoded),) = next(natives for labels, _, (_, natives, _) in found if dict(labels)["__name__"] == "n")
    native = type(message("Histogram")).FromString(encoded)
    assert (native.schema, native.count_int, native.zero_count_int) == (schema, 9, 2)
    assert [(each.offset, each.length) for each in native.positive_spans] == spans
    assert list(native.positive_deltas) == deltas


def test_a_histogram_that_cannot_become_coarse_enough_fails_the_scrape() -> None:
    series = series_of("scrape_native_histograms: true, native_histogram_bucket_limit: 1")
    far = [(0, 1, 1), (2000, 1, 0)]
    with pytest.raises(ValueError, match="native_histogram_bucket_limit is 1"):
        series.take(native_family(far), PROTOBUF, 1, 0.0)


def native_family(buckets: list[tuple[int, int, int]]) -> bytes:
    """A family `n` of one native histogram; of each run of buckets: gap before, length, and the delta of all in it."""
    histogram = field(1, 9) + field(2, 12.5) + field(5, 6) + field(6, 0.001) + field(7, 2)
    for gap, length, _ in buckets:
        histogram += field(12, field(1, gap << 1) + field(2, length))
    histogram += field(13, b"".join(varint(delta << 1) * length for _, length, delta in buckets))
    family = field(1, b"n") + field(3, 4) + field(4, field(7, histogram))
    return varint(len(family)) + family


def test_native_histograms_that_are_not_built_are_named() -> None:
    with pytest.raises(ConfigError, match="convert_classic_histograms_to_nhcb"):
        job_of("convert_classic_histograms_to_nhcb: true")
