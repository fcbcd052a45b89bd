"""otelier keeps telemetry before it says so, per tenant, and says what it does not keep."""

import pytest

import otelier
from otelier._core import Disk, read_generation
from otelier.component import CustodyKind, Duration, Invalid, Rejected, StartError
from otelier.exporters.otelier import Otelier, OtelierConfig, tenant_of
from otelier.storage.local import FlushSettings
from otelier.storage.settings import TelemetryRetention
from otelier.testing import component_context, counter, gauge, items, metrics

NOW_NS = component_context("otelier").clock.time_ns()


@pytest.fixture
def start(tmp_path):
    started = []

    def make(name="otelier", **keys):
        exporter = Otelier(OtelierConfig(**{"data_dir": str(tmp_path / "data"), **keys}), component_context(name))
        exporter.start()
        started.append(exporter)
        return exporter

    yield make
    for exporter in started:
        exporter.stop(10)


def kept(tmp_path):
    """(tenant, signal, digest) of everything in the log."""
    disk = Disk.real(tmp_path / "data")
    records = [each for name in disk.list("log") for each in read_generation(disk, f"log/{name}")[0]]
    return sorted((tenant, batch.signal, batch.digest()) for _, tenant, batch, *_ in records)


def sent(exporter, suffix, name="sent", **labels):
    counter = exporter.ctx.meter.counter(f"otelcol_exporter_{name}_{suffix}", "", "")
    return counter.value(exporter=str(exporter.ctx.id), **labels)


@pytest.mark.proves("otelier.data_dir")
def test_what_is_taken_is_on_disk_unchanged(start, tmp_path):
    exporter = start()
    batches = [items("traces", 3), items("logs", 2), items("traces", 4, first=9)]
    for batch in batches:
        exporter.consume(batch)
    assert kept(tmp_path) == sorted(("default", batch.signal, batch.digest()) for batch in batches)
    assert (sent(exporter, "spans"), sent(exporter, "log_records")) == (7, 2)


def asked(directory, query, tenant="default", at_ns=NOW_NS):
    """Labels and value of each series that PromQL finds."""
    with otelier.open(directory, tenant=tenant) as opened:
        found = opened.promql(query, time_ns=at_ns)
    values: dict[tuple[tuple[str, str], ...], float] = {}
    for row in found:
        labels = {name: value for name, value in row.items() if name not in ("time", "value") and value is not None}
        values[tuple(sorted(labels.items()))] = row["value"]
    return values


def points(*values, name="sold", delta=False, pod="p1"):
    """A counter of a pod, a second apart, the last value now."""
    metric = counter(name, *values)
    for number, point in enumerate(reversed(metric.sum.data_points)):
        point.time_unix_nano = NOW_NS - number * 10**9
        point.start_time_unix_nano = NOW_NS - 60 * 10**9
    if delta:
        metric.sum.aggregation_temporality = 1
    return metrics(metric, resource={"service.name": "shop", "k8s.pod.name": pod})


def test_metrics_become_series_and_attributes_of_resources_are_labels_where_they_are_named(start, tmp_path):
    exporter = start()
    exporter.consume(points(1, 5, 9))
    found = asked(tmp_path / "data", "sold_total")
    assert found == {(("__name__", "sold_total"), ("job", "shop"), ("otel_scope_name", "test")): 9}
    assert asked(tmp_path / "data", "sum by (k8s_pod_name) (sold_total)") == {(("k8s_pod_name", "p1"),): 9}
    assert asked(tmp_path / "data", 'count(sold_total{k8s_pod_name="other"})') == {}
    assert sent(exporter, "metric_points") == 3


def test_deltas_add_up(start, tmp_path):
    exporter = start()
    exporter.consume(points(1, 5, 9, delta=True))
    assert list(asked(tmp_path / "data", "sold_total").values()) == [15]


def test_of_metrics_that_can_not_be_kept_the_sender_is_told_how_many(start, tmp_path):
    exporter = start(retention=TelemetryRetention(max_age=Duration(60)))
    exporter.ctx.clock.advance(3600)
    old = metrics(gauge("old", 1, 2), gauge("now", 3))
    with pytest.raises(Rejected, match="too_old") as told:
        exporter.consume(old)
    assert told.value.items == 3
    assert sent(exporter, "metric_points", "send_failed", reason="not_kept") == 3
    assert sent(exporter, "metric_points") == 0


def test_metrics_of_tenants_are_apart(start, tmp_path):
    exporter = start()
    exporter.consume(points(7).with_metadata({"x-scope-orgid": ["team-1"]}))
    assert asked(tmp_path / "data", "sold_total") == {}
    assert list(asked(tmp_path / "data", "sold_total", "team-1").values()) == [7]


def test_the_tenant_is_what_the_sender_says(start, tmp_path):
    exporter = start()
    exporter.consume(items("traces", 1).with_metadata({"x-scope-orgid": ["team-1"]}))
    exporter.consume(items("traces", 1).with_metadata({"x-scope-orgid": [""]}))
    exporter.consume(items("traces", 1).with_metadata({"user-agent": ["x"]}))
    assert [tenant for tenant, *_ in kept(tmp_path)] == ["default", "default", "team-1"]


@pytest.mark.parametrize("names", [["../b"], ["a", "b"], ["x" * 64], ["a b"]])
def test_a_name_that_is_no_tenants_is_refused_for_good(start, tmp_path, names):
    exporter = start()
    with pytest.raises(Invalid, match=r"X-Scope-OrgID: .*(not a name of a tenant|one tenant)"):
        exporter.consume(items("traces", 2).with_metadata({"x-scope-orgid": names}))
    assert sent(exporter, "spans", "send_failed", reason="tenant") == 2
    assert kept(tmp_path) == []


def test_exporters_with_one_directory_share_one_store(start, tmp_path):
    first, second = start(), start("otelier/2")
    first.consume(items("traces", 1))
    first.stop(10)
    second.consume(items("logs", 1))
    assert sum(sent(each, "spans") + sent(each, "log_records") for each in (first, second)) == 2


def test_but_not_with_other_settings(start):
    start()
    with pytest.raises(StartError, match="other settings"):
        start("otelier/2", durability="interval")


def test_the_directory_is_free_again_after_the_stop(start):
    start().stop(10)
    start()


def test_a_directory_that_can_not_be_used_is_a_start_error_with_exit_code_two(start, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="can't make the data directory") as refused:
        start(data_dir=str(tmp_path / "file" / "x"))
    assert refused.value.exit_code == 2


@pytest.mark.proves("otelier.{durability,interval}")
def test_custody_ends_here_and_a_kill_loses_nothing():
    custody = Otelier(OtelierConfig(), component_context("otelier")).custody()
    assert (custody.kind, custody.loss_window) == (CustodyKind.STORES, "")
    relaxed = Otelier(OtelierConfig(durability="interval", interval=Duration(2)), component_context("otelier"))
    assert "machine itself goes down" in relaxed.custody().loss_window
    assert "2s" in relaxed.custody().loss_window


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"interval": Duration(0)}, "interval"),
        ({"max_unflushed_bytes": 1}, "max_unflushed_bytes"),
        ({"flush": FlushSettings(max_bytes=1)}, "flush.max_bytes"),
        ({"flush": FlushSettings(idle=Duration(-1))}, "flush.idle"),
    ],
)
def test_a_mistake_names_its_key(keys, key):
    assert [found for found, _ in OtelierConfig(**keys).problems()] == [key]


def test_without_metadata_it_is_the_default_tenants():
    assert tenant_of(items("traces", 1)) == "default"
