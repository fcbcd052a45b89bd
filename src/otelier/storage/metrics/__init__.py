"""The store of metrics on this machine's disk: series of samples (docs/spec/data-directory.md)."""

from .engine import MetricsEngine
from .open import close_metrics, open_metrics
from .segment import SeriesSegment

__all__ = ["MetricsEngine", "SeriesSegment", "close_metrics", "open_metrics"]
