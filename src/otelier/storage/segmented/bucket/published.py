"""The bucket's own manifest, `manifest.json`: one object, replaced as a whole, that names only what is uploaded."""

from typing import Generic

import msgspec

from ..manifest import S
from .bucket import Bucket

KEY = "manifest.json"


class Published(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """A state of the store as other machines may read it."""

    version: int = 1
    writer: str
    """Whose directory this is the state of."""
    retired: int
    """Of that directory's log."""
    segments: tuple[S, ...]


def read(bucket: Bucket, segment: type[S]) -> Published[S] | None:
    """What the bucket says; None if nothing was published. Raises BucketError, ValueError."""
    try:
        return msgspec.json.decode(bucket.get(KEY), type=Published[segment])
    except FileNotFoundError:
        return None


def write(bucket: Bucket, published: Published[S]) -> None:
    """Raises BucketError."""
    bucket.put(KEY, msgspec.json.encode(published))
