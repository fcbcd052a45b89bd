"""OTLP metrics as Prometheus's series, and series as remote write."""

from .names import Strategy, Translation, label_name, metric_name
from .take import Taken, Taker
from .write import CONTENT_TYPES, VERSION_HEADERS, Options, Request, Version, Writer, Written

__all__ = [
    "CONTENT_TYPES",
    "VERSION_HEADERS",
    "Options",
    "Request",
    "Strategy",
    "Taken",
    "Taker",
    "Translation",
    "Version",
    "Writer",
    "Written",
    "label_name",
    "metric_name",
]
