"""OTLP metrics as Prometheus's series, and series as remote write."""

from .names import Strategy, Translation, label_name, metric_name
from .series import Exemplar, NativeHistogram, Sample, Series
from .translate import Translated, Translator

__all__ = [
    "Exemplar",
    "NativeHistogram",
    "Sample",
    "Series",
    "Strategy",
    "Translated",
    "Translation",
    "Translator",
    "label_name",
    "metric_name",
]
