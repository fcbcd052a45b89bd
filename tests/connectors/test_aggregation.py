"""What all aggregations do alike, whatever they count with."""

from collections.abc import Mapping

from otelier.component import Duration
from otelier.connectors.aggregation import Aggregation, Terms
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, component_context, items


class Defective:
    """Fails at every other flush."""

    def __init__(self) -> None:
        self.flushes = 0

    def consume(self, batch: Batch, now_ns: int) -> None:
        pass

    def flush(self, now_ns: int) -> Batch:
        self.flushes += 1
        if self.flushes % 2:
            raise RuntimeError("a bug")
        return items("metrics", 1)

    def confirm(self, arrived: bool) -> None:
        pass

    def snapshot(self) -> bytes:
        return b""

    def restore(self, snapshot: bytes) -> bool:
        return True

    def has_unwritten(self) -> bool:
        return False

    def stats(self) -> Mapping[str, int]:
        return {"series": 0}


def test_a_flush_that_fails_does_not_end_the_flushes(caplog):
    clock, out = FakeClock(), MemoryExporter()
    ctx = component_context("spanmetrics", clock=clock, signal="traces", output_signal="metrics")
    terms = Terms(kind="test", interval=Duration(10), delta=False, storage=None, options="", counters={})
    aggregation = Aggregation(ctx, terms, lambda _: Defective())
    aggregation.start(out)
    clock.advance(40)
    assert len(out.batches) == 2
    assert "a flush failed" in caplog.text
