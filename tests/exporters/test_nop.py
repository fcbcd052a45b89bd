"""nop takes everything."""

from otelier.component import CustodyKind
from otelier.exporters.nop import Nop, NopConfig
from otelier.testing import component_context, items


def test_takes_everything_and_counts_it():
    ctx = component_context("nop/x", signal="logs")
    nop = Nop(NopConfig(), ctx)
    nop.start()
    nop.consume(items("logs", 5))
    nop.stop(0)
    assert ctx.meter.counter("otelcol_exporter_sent_log_records", "", "").value(exporter="nop/x") == 5
    assert nop.custody().kind == CustodyKind.STORES
