"""Paths of a resource."""

from .level import Level
from .members import attributes, schema_url, whole

RESOURCE = Level(
    "resource",
    {
        "attributes": attributes(),
        "dropped_attributes_count": whole("dropped_attributes_count"),
        "schema_url": schema_url(),
    },
)
