"""Policy string_attribute: traces whose resource or span has an attribute with one of some texts."""

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ...._core import Pattern
from ....component import Config
from ..policy import StringMatcher


class StringAttributeConfig(Config):
    key: Annotated[str, Meta(min_length=1)]
    """The attribute, of a resource or of a span."""
    values: Annotated[tuple[str, ...], Meta(min_length=1)]
    """One of these is enough."""
    enabled_regex_matching: bool = False
    """The values are regular expressions (RE2), found anywhere in the text: anchor them with `^` and `$` if need be."""
    cache_max_size: int = 128
    """Accepted without effect: each text is looked at once, when its span arrives."""
    invert_match: bool = False
    """Sample the traces that have none of the values. It doesn't stop other policies from sampling; `drop` does."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Expressions that can't be read."""
        if self.enabled_regex_matching:
            for at, value in enumerate(self.values):
                try:
                    Pattern(value)
                except ValueError as error:
                    yield f"values.{at}", str(error)

    def matcher(self) -> StringMatcher:
        """What to look for. As a whole text, "" is never found, as in the Collector."""
        regex = self.enabled_regex_matching
        return StringMatcher(self.key, self.values if regex else tuple(filter(None, self.values)), regex)
