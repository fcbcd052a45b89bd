"""`type/name`: how configurations name components and pipelines."""

import re
import unicodedata
from typing import NamedTuple

_TYPE = re.compile(r"[a-zA-Z][0-9a-zA-Z_]{0,62}\Z")
_NAME_MAX = 1024
_NOT_IN_NAMES = "ZCS"
"""Unicode's separators, control characters and symbols, as in the Collector."""


class ComponentID(NamedTuple):
    """`otlp/2` is `ComponentID("otlp", "2")`; the name is empty where there is none."""

    type: str
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> "ComponentID":
        """Raises ValueError with what is wrong."""
        kind, slash, name = text.partition("/")
        kind, name = kind.strip(), name.strip()
        if not _TYPE.match(kind):
            raise ValueError(f"{text!r} is not an id: write type or type/name; a type is letters, digits and _")
        if slash and not name:
            raise ValueError(f"{text!r} is not an id: there is no name after the slash")
        if len(name) > _NAME_MAX:
            raise ValueError(f"{text[:60]!r}… is not an id: its name has more than {_NAME_MAX} characters")
        if wrong := next((char for char in name if unicodedata.category(char)[0] in _NOT_IN_NAMES), None):
            raise ValueError(f"{text!r} is not an id: {wrong!r} can't stand in a name")
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.type}/{self.name}" if self.name else self.type
