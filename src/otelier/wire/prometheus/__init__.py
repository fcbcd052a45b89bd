"""OTLP metrics as Prometheus's series, and series as remote write."""

from .names import Strategy, Translation, label_name, metric_name
from .write import (
    CONTENT_TYPES,
    VERSION_HEADERS,
    Options,
    Request,
    Version,
    Writer,
    Written,
    core_options,
    without_translation,
)

__all__ = [
    "CONTENT_TYPES",
    "VERSION_HEADERS",
    "Options",
    "Request",
    "Strategy",
    "Translation",
    "Version",
    "Writer",
    "Written",
    "core_options",
    "label_name",
    "metric_name",
    "without_translation",
]
