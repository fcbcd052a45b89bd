"""Exporters take telemetry out: one file per component, named as its type."""
