"""Ids as Tempo's answers show them, and what stands for what is not there."""

NO_ROOT = "<root span not yet received>"
NIL = "nil"
"""The value of a group of spans that have none."""


def shown_trace(trace_id: bytes) -> str:
    """Hex without leading zeros."""
    return trace_id.hex().lstrip("0")


def shown_span(span_id: bytes) -> str:
    """Hex, all 16 digits."""
    return span_id.hex()
