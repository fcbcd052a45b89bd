"""Connectors end pipelines of one signal and begin pipelines of another: one file per component, named as its type."""
