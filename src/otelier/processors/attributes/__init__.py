"""attributes: set, delete, hash, extract and convert attributes of spans, log records and data points.

The actions run in their order on each item that `include` and `exclude` let through; both are asked before the first
action. An item's other bytes stay as they are. Resources are edited by `resource`.
"""

from collections.abc import Iterator, Sequence

from ...component import processor
from ...ottl import forms
from ...telemetry import Signal
from .actions import Metadata, context_keys, native
from .config import AttributesConfig
from .editor import AttributeEditor

__all__ = ["Attributes", "AttributesConfig"]


@processor("attributes", signals={"traces", "metrics", "logs"}, stability="beta")
class Attributes(AttributeEditor):
    cfg: AttributesConfig

    def metadata_keys(self) -> tuple[str, ...]:
        return context_keys(self.cfg.actions)

    def steps(self, metadata: Metadata) -> Sequence[forms.Step]:
        conditions = list(self._conditions(self._signal))
        when = forms.all_of(conditions) if conditions else None
        return [forms.step("item", native(self.cfg.actions, "item", metadata), when=when)]

    def _conditions(self, signal: Signal) -> Iterator[forms.Form]:
        for name, properties in (("include", self.cfg.include), ("exclude", self.cfg.exclude)):
            if properties is None:
                continue
            if why := properties.misplaced(signal):
                raise ValueError(f"{name}: {why}; give that pipeline an `attributes` of its own")
            yield properties.form() if name == "include" else forms.not_(properties.form())
