"""A whole tail_sampling processor with a fake clock, on a storage that outlives it if there is one."""

import msgspec

from otelier.component import ComponentID
from otelier.component.config import VALUE_TYPES
from otelier.processors.tail_sampling import TailSampling, TailSamplingConfig
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, SimulatedStorage, component_context, decode, traces

ID = ComponentID("kept")


def config(**keys) -> TailSamplingConfig:
    """Keys as in YAML."""

    def value(type_, given):
        return VALUE_TYPES[type_](given)

    return msgspec.convert(keys, TailSamplingConfig, dec_hook=value)


class Sampler:
    def __init__(
        self, *policies: dict, storage: SimulatedStorage | None = None, answers=(), clock=None, **keys
    ) -> None:
        self.clock = FakeClock()
        extensions = {ID: storage} if storage else {}
        self.ctx = component_context("tail_sampling", clock=self.clock, pipeline="traces", extensions=extensions)
        self.out = MemoryExporter()
        self.out.fail_with(*answers)
        cfg = config(**{"decision_wait": "2s"} | keys, policies=policies)
        self.it = TailSampling(msgspec.structs.replace(cfg, storage=ID if storage else None), self.ctx)
        self.it.next = self.out
        self.it.start()

    def consume(self, *spans, **resource: object) -> None:
        self.it.consume(traces(*spans, resource=resource or {"service.name": "shop"}))

    def stop(self) -> None:
        self.it.stop(self.clock.monotonic() + 10)

    @property
    def names(self) -> list[str]:
        """Of all spans that came out, in order."""
        return [each.name for batch in self.out.batches for each in spans_of(batch)]

    def metric(self, name: str, **labels: str) -> float:
        found = [m for m in self.ctx.meter.collect() if m.name == f"otelcol_processor_tail_sampling_{name}"]
        return sum(value for m in found for key, value in m.values.items() if labels.items() <= dict(key).items())

    def dropped(self) -> dict[str, float]:
        found = [m for m in self.ctx.meter.collect() if m.name == "otelcol_processor_dropped_spans"]
        return {dict(labels)["reason"]: value for m in found for labels, value in m.values.items()}


def spans_of(batch: Batch):
    return [each for resource in decode(batch).resource_spans for scope in resource.scope_spans for each in scope.spans]
