"""`type/name`: how configurations name components and pipelines."""

import re
from typing import NamedTuple

_TYPE = re.compile(r"[a-zA-Z][0-9a-zA-Z_]{0,62}\Z")
_NAME_MAX = 1024


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
        if slash and (not name or len(name) > _NAME_MAX or not name.isprintable()):
            raise ValueError(f"{text!r} is not an id: the part after the slash must be a printable name")
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.type}/{self.name}" if self.name else self.type
