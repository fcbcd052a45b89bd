"""Loki's HTTP API, as far as Grafana's Loki data source calls it (docs/reference/logql.md)."""
