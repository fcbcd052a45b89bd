"""Words for the numbers that OTLP gives kinds of spans and statuses."""

from collections.abc import Mapping
from types import MappingProxyType

KIND_NAMES: tuple[str, ...] = ("", "internal", "server", "client", "producer", "consumer")
"""By number; empty: unspecified."""
KINDS: Mapping[str, int] = MappingProxyType({name: number for number, name in enumerate(KIND_NAMES)})

STATUSES: Mapping[str, int] = MappingProxyType({"unset": 0, "ok": 1, "error": 2})
ERROR = STATUSES["error"]


def kind_name(kind: int) -> str:
    """Empty for a kind that has no word."""
    return KIND_NAMES[kind] if 0 <= kind < len(KIND_NAMES) else ""
