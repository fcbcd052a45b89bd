"""Policy drop: traces that are not sampled whatever other policies say."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ....component import Config
from ..verdict import Verdict
from . import config
from .and_ import And


class DropConfig(Config):
    drop_sub_policy: "Annotated[tuple[config.PolicyConfig, ...], Meta(min_length=1)]"
    """A trace that all of these would sample is dropped."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Policies that can't be parts."""
        return config.part_problems("drop_sub_policy", self.drop_sub_policy)


class Drop(And):
    """An `and` whose yes is a veto."""

    yes = Verdict.DROPPED
