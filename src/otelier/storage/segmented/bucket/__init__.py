"""Segments in an S3-compatible bucket: uploaded, published, fetched back. docs/adr/0015 says what goes there."""
