"""probabilistic_sampler: keep a percentage of spans or log records, each by itself and the same for a whole trace.

What is written down about the sampling follows OpenTelemetry: `th` and `rv` in the member `ot` of a span's W3C trace
state, the attributes `sampling.threshold` and `sampling.randomness` of a log record. What stays and what is left out is
the same as in the Collector. What is left out is counted by where its randomness came from.
"""

from ..._core import Sampler
from ...component import BoundCounter, Processor, processor
from ...telemetry import Batch
from .config import ProbabilisticSamplerConfig


@processor("probabilistic_sampler", signals={"traces", "logs"}, stability="beta")
class ProbabilisticSampler(Processor):
    cfg: ProbabilisticSamplerConfig

    def setup(self) -> None:
        cfg = self.cfg
        self._sampler = Sampler(
            cfg.mode or "hash_seed",
            cfg.sampling_percentage,
            hash_seed=cfg.hash_seed,
            fail_closed=cfg.fail_closed,
            precision=cfg.sampling_precision,
            from_attribute=cfg.from_attribute,
            ignore_trace_id=cfg.attribute_source == "record",
            priority_attribute=cfg.sampling_priority,
        )
        kind = "logs" if self.ctx.signal == "logs" else "traces"
        self._counter = self.ctx.meter.counter(
            f"otelcol_processor_probabilistic_sampler_count_{kind}_sampled",
            "{items}",
            "Items by what decided about them, and whether they stayed.",
        )
        self._bound: dict[tuple[str, bool], BoundCounter] = {}

    def process(self, batch: Batch) -> Batch | None:
        kept, counts = self._sampler.sample(batch)
        for source, stayed, left_out in counts:
            self._count(source, True, stayed)
            self._count(source, False, left_out)
        return kept

    def _count(self, source: str, stayed: bool, items: int) -> None:
        if not items:
            return
        key = (source, stayed)
        if key not in self._bound:
            policy = self.cfg.from_attribute if source == "attribute" else source
            self._bound[key] = self._counter.bind(
                processor=str(self.ctx.id), policy=policy, sampled=str(stayed).lower()
            )
        self._bound[key].add(items)
