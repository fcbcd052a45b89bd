"""transform: edit telemetry by statements in OTTL.

Groups of statements run one after the other, each on all items of its context in a batch. With `error_mode: propagate`
a statement that fails for one item refuses the whole batch, which is not changed then; otherwise the item goes on
without that statement, and `otelcol_processor_transform_errors` counts it.
"""

from collections.abc import Iterable

from ...component import Permanent, Processor, processor
from ...ottl import Faults, Program, StatementError, stages
from ...telemetry import Batch
from ..attributes.editor import AttributeEditor
from .config import StatementsConfig, TransformConfig
from .flatten import flattened, grouped

__all__ = ["StatementsConfig", "Transform", "TransformConfig"]


@processor("transform", signals={"traces", "metrics", "logs"}, stability="beta")
class Transform(Processor):
    cfg: TransformConfig

    def setup(self) -> None:
        signal = self.ctx.signal
        groups = self.cfg.groups(signal) if signal else []
        self._program = Program(groups, self.ctx.clock, stages(signal)) if signal and groups else None
        self._flat = self.cfg.flatten_data and signal == "logs"
        self._faults = Faults(
            self.ctx, "otelcol_processor_transform_errors", "Statements that failed for an item and were passed over."
        )

    def absorb(self, earlier: Processor) -> bool:
        if not (isinstance(earlier, AttributeEditor) and self._program and self._program.starts_native()) or self._flat:
            return False
        steps = earlier.give_away()
        if steps is None:
            return False
        self._program.absorb(steps)
        return True

    def explain(self) -> Iterable[tuple[str, str]]:
        explanations = self._program.explanations if self._program else ()
        return (line for explanation in explanations for line in explanation.lines())

    def process(self, batch: Batch) -> Batch:
        if self._program is None:
            return batch
        try:
            if self._flat:
                return grouped(self._program.run(flattened(batch), self._faults))
            return self._program.run(batch, self._faults)
        except StatementError as error:
            raise Permanent(f"{self.ctx.id}: {error}; error_mode `ignore` would pass over it") from error
