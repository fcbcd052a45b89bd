"""Paths of an event of a span."""

from .level import Level
from .members import Member, attributes, moment, text, unix_nano, whole

SPANEVENT = Level(
    "spanevent",
    {
        "name": text("name"),
        "time_unix_nano": unix_nano("time_unix_nano"),
        "time": moment("time_unix_nano"),
        "attributes": attributes(),
        "dropped_attributes_count": whole("dropped_attributes_count"),
        "event_index": Member(lambda node: node.index),
    },
)
