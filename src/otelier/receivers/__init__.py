"""Receivers bring telemetry in: one file per component, named as its type."""
