"""Tempo's API, over HTTP and as streams over gRPC, as Grafana's Tempo data source asks it."""
