"""Native histograms: what they are, and everything that can be calculated from them."""

from .model import CUSTOM, Bucket, Buckets, Hint, Histogram

__all__ = ["CUSTOM", "Bucket", "Buckets", "Hint", "Histogram"]
