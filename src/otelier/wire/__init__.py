"""Foreign formats in Python: remote write, and what else is not OTLP."""
