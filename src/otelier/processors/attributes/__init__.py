"""attributes: set, delete, hash, extract and convert attributes of spans, log records and data points.

The actions run in their order on each item that `include` and `exclude` let through; both are asked before the first
action. An item's other bytes stay as they are. Resources are edited by `resource`.
"""

from collections.abc import Iterator

from ..._core import Edit
from ...component import Processor, processor
from ...ottl import forms
from ...telemetry import Batch, Signal
from .actions import Metadata, context_keys, native
from .compiled import EditByMetadata
from .config import AttributesConfig

__all__ = ["Attributes", "AttributesConfig"]


@processor("attributes", signals={"traces", "metrics", "logs"}, stability="beta")
class Attributes(Processor):
    cfg: AttributesConfig

    def setup(self) -> None:
        signal = self.ctx.signal
        if signal is None:
            raise ValueError("attributes is for one signal at a time")
        conditions = list(self._conditions(signal))
        when = forms.all_of(conditions) if conditions else None

        def compiled(metadata: Metadata) -> Edit:
            return forms.edit(signal, [forms.step("item", native(self.cfg.actions, "item", metadata), when=when)])

        self._edit = EditByMetadata(context_keys(self.cfg.actions), compiled)

    def _conditions(self, signal: Signal) -> Iterator[forms.Form]:
        for name, properties in (("include", self.cfg.include), ("exclude", self.cfg.exclude)):
            if properties is None:
                continue
            if why := properties.misplaced(signal):
                raise ValueError(f"{name}: {why}; give that pipeline an `attributes` of its own")
            form = properties.form()
            yield form if name == "include" else forms.not_(form)

    def process(self, batch: Batch) -> Batch:
        return self._edit.apply(batch)
