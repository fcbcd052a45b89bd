"""static: targets that are written down."""

from collections.abc import Sequence

from ...component import Context
from ..config import StaticTargets
from ..target import ADDRESS, TargetGroup
from .contract import Found


class StaticDiscovery:
    """Finds them once."""

    def __init__(self, configs: Sequence[StaticTargets], ctx: Context, found: Found) -> None:
        self._found = found
        self._groups = [
            TargetGroup(str(number), tuple({ADDRESS: address} for address in each.targets), each.labels)
            for number, each in enumerate(configs)
        ]

    def start(self) -> None:
        """All of them."""
        self._found(self._groups)

    def stop(self) -> None:
        """There is nothing to stop."""
