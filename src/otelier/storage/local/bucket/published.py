"""The bucket's own manifest, `manifest.json`: one object, replaced as a whole, that names only what is uploaded."""

import msgspec

from ..manifest import Segment
from .bucket import Bucket

KEY = "manifest.json"


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A state of the store as other machines may read it."""

    version: int = 1
    writer: str
    """Whose directory this is the state of."""
    retired: int
    """Of that directory's log."""
    segments: tuple[Segment, ...]


def read(bucket: Bucket) -> Published | None:
    """What the bucket says; None if nothing was published. Raises BucketError, ValueError."""
    try:
        return msgspec.json.decode(bucket.get(KEY), type=Published)
    except FileNotFoundError:
        return None


def write(bucket: Bucket, published: Published) -> None:
    """Raises BucketError."""
    bucket.put(KEY, msgspec.json.encode(published))
