"""Keys of `attributes`."""

from collections.abc import Iterable

from ...component import Config
from .actions import Action, context_keys
from .matching import Properties


class AttributesConfig(Config):
    actions: tuple[Action, ...] = ()
    """What to do, in this order."""
    include: Properties | None = None
    """Only items with all these properties are edited."""
    exclude: Properties | None = None
    """Items with all these properties are not edited, even if included."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Something to do."""
        if not self.actions:
            yield "actions", "must have at least one action"

    def reads_metadata(self) -> bool:
        return bool(context_keys(self.actions))
