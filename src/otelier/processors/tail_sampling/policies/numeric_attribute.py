"""Policy numeric_attribute: traces whose resource or span has an attribute with an integer in a range."""

from collections.abc import Iterable
from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from ....component import Config
from ..policy import NumericMatcher

_LEAST, _MOST = -(2**63), 2**63 - 1
_Bound: TypeAlias = Annotated[int, Meta(ge=_LEAST, le=_MOST)]


class NumericAttributeConfig(Config):
    key: Annotated[str, Meta(min_length=1)]
    """The attribute, of a resource or of a span. What isn't an integer counts as 0, doubles too."""
    min_value: _Bound | UnsetType = UNSET
    """The least number that matches; 0 = no such limit, as in the Collector."""
    max_value: _Bound | UnsetType = UNSET
    """The greatest number that matches; 0 = no such limit."""
    invert_match: bool = False
    """Sample the traces that have no such number. It doesn't stop other policies from sampling; `drop` does."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """A range that holds nothing, or everything."""
        if not self.min_value and not self.max_value:
            yield "", "set min_value or max_value to something else than 0: 0 means that there is no such limit"
        elif self.min_value and self.max_value and self.min_value > self.max_value:
            yield "min_value", f"must not be more than max_value ({self.max_value})"

    def matcher(self) -> NumericMatcher:
        """What to look for."""
        return NumericMatcher(self.key, self.min_value or _LEAST, self.max_value or _MOST)
