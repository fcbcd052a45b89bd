"""Paths of an instrumentation scope."""

from .level import Level
from .members import attributes, schema_url, text, whole

SCOPE = Level(
    "scope",
    {
        "name": text("name"),
        "version": text("version"),
        "attributes": attributes(),
        "dropped_attributes_count": whole("dropped_attributes_count"),
        "schema_url": schema_url(),
    },
    aliases=("instrumentation_scope",),
)
