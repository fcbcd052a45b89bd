"""The HTTP APIs: each parses a request, asks `query`, and encodes the answer."""
