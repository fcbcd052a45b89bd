"""Otelier: a complete OpenTelemetry backend in one Python package."""

from ._core import __version__

__all__ = ["__version__"]
