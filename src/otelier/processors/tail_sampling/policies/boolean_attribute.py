"""Policy boolean_attribute: traces whose resource or span has an attribute that is true, or one that is false."""

from typing import Annotated

from msgspec import Meta

from ....component import Config
from ..policy import BooleanMatcher


class BooleanAttributeConfig(Config):
    key: Annotated[str, Meta(min_length=1)]
    """The attribute, of a resource or of a span. What isn't a boolean counts as false."""
    value: bool = False
    """The value that matches."""
    invert_match: bool = False
    """Sample the traces that don't have it. It doesn't stop other policies from sampling; `drop` does."""

    def matcher(self) -> BooleanMatcher:
        """What to look for."""
        return BooleanMatcher(self.key, self.value)
