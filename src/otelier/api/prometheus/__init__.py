"""Prometheus' HTTP API and its pages (docs/reference/prometheus-api.md)."""
