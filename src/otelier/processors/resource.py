"""resource: set, delete, hash, extract and convert attributes of resources.

The actions are those of `attributes` and run in their order on every resource. What belongs to the resources is copied
as it is.
"""

from collections.abc import Iterable, Sequence

from ..component import Config, processor
from ..ottl import forms
from .attributes.actions import Action, Metadata, context_keys, native
from .attributes.editor import AttributeEditor


class ResourceConfig(Config):
    attributes: tuple[Action, ...] = ()
    """What to do, in this order."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Something to do."""
        if not self.attributes:
            yield "attributes", "must have at least one action"

    def reads_metadata(self) -> bool:
        return bool(context_keys(self.attributes))


@processor("resource", signals={"traces", "metrics", "logs"}, stability="beta")
class Resource(AttributeEditor):
    cfg: ResourceConfig

    def metadata_keys(self) -> tuple[str, ...]:
        return context_keys(self.cfg.attributes)

    def steps(self, metadata: Metadata) -> Sequence[forms.Step]:
        return [forms.step("resource", native(self.cfg.attributes, "resource", metadata))]
