"""resource: set, delete, hash, extract and convert attributes of resources.

The actions are those of `attributes` and run in their order on every resource. What belongs to the resources is copied
as it is.
"""

from collections.abc import Iterable

from .._core import Edit
from ..component import Config, Processor, processor
from ..ottl import forms
from ..telemetry import Batch
from .attributes.actions import Action, Metadata, context_keys, native
from .attributes.compiled import EditByMetadata


class ResourceConfig(Config):
    attributes: tuple[Action, ...] = ()
    """What to do, in this order."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Something to do."""
        if not self.attributes:
            yield "attributes", "must have at least one action"


@processor("resource", signals={"traces", "metrics", "logs"}, stability="beta")
class Resource(Processor):
    cfg: ResourceConfig

    def setup(self) -> None:
        signal = self.ctx.signal
        if signal is None:
            raise ValueError("resource is for one signal at a time")

        def compiled(metadata: Metadata) -> Edit:
            actions = native(self.cfg.attributes, "resource", metadata)
            return forms.edit(signal, [forms.step("resource", actions)])

        self._edit = EditByMetadata(context_keys(self.cfg.attributes), compiled)

    def process(self, batch: Batch) -> Batch:
        return self._edit.apply(batch)
