"""Decisions about whole traces. The processor itself comes with the trace buffer."""
