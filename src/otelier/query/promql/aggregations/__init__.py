"""Aggregations over series."""
