"""otelier keeps traces and logs before it says so, per tenant, and says what it does not keep."""

import pytest

from otelier._core import Disk, read_generation
from otelier.component import CustodyKind, Duration, Invalid, Rejected, StartError
from otelier.exporters.otelier import Otelier, OtelierConfig, tenant_of
from otelier.storage.local import FlushSettings
from otelier.testing import component_context, items


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


def test_metrics_are_not_kept_and_their_sender_is_told_how_many(start, tmp_path):
    exporter = start()
    with pytest.raises(Rejected, match="keeps traces and logs, no metrics") as told:
        exporter.consume(items("metrics", 5))
    assert told.value.items == 5
    assert sent(exporter, "metric_points", "send_failed", reason="not_kept") == 5
    assert kept(tmp_path) == []


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
