"""Items in and out of processors are counted, and a processor's time is its own."""

from otelier.component import ComponentID, Config, Meter, Processor
from otelier.pipeline.stage import Stages
from otelier.telemetry import Batch
from otelier.testing import MemoryExporter, component_context, items, span, traces


class NoConfig(Config):
    pass


class FirstOnly(Processor):
    cfg: NoConfig

    def process(self, batch: Batch) -> Batch:
        return items("traces", 1)


def values(meter: Meter, name: str):
    return next(metric.values for metric in meter.collect() if metric.name == name)


def labels(processor: str):
    return (("otel.signal", "traces"), ("processor", processor))


def test_items_into_and_out_of_each_processor_are_counted():
    meter, end = Meter(), MemoryExporter()
    stages = Stages(meter, "traces")
    first, second = ComponentID("pass"), ComponentID("cut", "2")
    cut = FirstOnly(NoConfig(), component_context())
    keep = Processor(NoConfig(), component_context())
    cut.next = stages.between(second, None, end)
    keep.next = stages.between(first, second, cut)
    head = stages.between(None, first, keep)
    head.consume(items("traces", 5))
    head.consume(items("traces", 2))
    assert values(meter, "otelcol_processor_incoming_items") == {labels("pass"): 7, labels("cut/2"): 7}
    assert values(meter, "otelcol_processor_outgoing_items") == {labels("pass"): 7, labels("cut/2"): 2}
    assert end.items == 2


def test_the_time_of_what_comes_behind_is_not_a_processors_own(monkeypatch):
    now = iter([0.0, 1.0, 5.0, 9.0, 10.0, 12.0])  # in: first, second, end; out: end, second, first
    monkeypatch.setattr("otelier.pipeline.stage.time.perf_counter", lambda: next(now))
    meter = Meter()
    stages = Stages(meter, "traces")
    first, second = ComponentID("first"), ComponentID("second")
    behind = Processor(NoConfig(), component_context())
    before = Processor(NoConfig(), component_context())
    behind.next = stages.between(second, None, MemoryExporter())
    before.next = stages.between(first, second, behind)
    stages.between(None, first, before).consume(traces(span()))
    own = values(meter, "otelcol_processor_internal_duration")
    assert own[labels("first")].sum == 12.0 - (10.0 - 1.0)
    assert own[labels("second")].sum == (10.0 - 1.0) - (9.0 - 5.0)
