"""Jaeger's HTTP APIs: the classic one of the UI and many clients, and v3 with OTLP inside."""
