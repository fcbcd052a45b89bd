"""Answers for Python programs: rows, or a table of Arrow, Polars or pandas, whoever has given them."""

from .result import Result

__all__ = ["Result"]
