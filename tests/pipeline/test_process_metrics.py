"""The process shows itself under the Collector's names."""

import resource

from otelier.component import Meter
from otelier.pipeline import process_metrics
from otelier.testing import FakeClock, items


def observed(meter: Meter):
    return {metric.name: metric.values[()] for metric in meter.collect()}


def test_uptime_counts_from_the_start_and_cpu_and_memory_are_those_of_this_process():
    meter, clock = Meter(), FakeClock()
    process_metrics.observe_process(meter, clock)
    clock.advance(90)
    seen = observed(meter)
    assert seen["otelcol_process_uptime"] == 90
    used = resource.getrusage(resource.RUSAGE_SELF)
    assert 0 < seen["otelcol_process_cpu_seconds"] <= used.ru_utime + used.ru_stime + 0.1
    assert 10 * 2**20 < seen["otelcol_process_memory_rss"] <= used.ru_maxrss * 1024 * 1.1


def test_telemetry_held_in_memory_is_counted_in_bytes():
    meter = Meter()
    process_metrics.observe_process(meter, FakeClock())
    before = observed(meter)["otelier_live_bytes"]
    held = items("traces", 100)
    assert observed(meter)["otelier_live_bytes"] >= before + held.size_bytes


def test_without_proc_the_peak_of_resident_memory_is_shown(monkeypatch, tmp_path):
    monkeypatch.setattr(process_metrics, "_STATM", tmp_path / "statm")
    assert process_metrics.rss_bytes() > 10 * 2**20
