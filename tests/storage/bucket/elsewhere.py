"""What can be seen of a bucket from elsewhere: by who looks into it, and by a machine that has nothing else."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from otelier.storage.segmented.bucket import published
from otelier.storage.segmented.bucket.cache import Cache
from otelier.storage.segmented.bucket.follow import Follower
from otelier.storage.segmented.bucket.place import Place, write_place
from otelier.storage.segmented.kind import Kind
from otelier.testing import FakeClock
from otelier.testing.bucket import MemoryBucket

T = TypeVar("T")


def named(bucket: MemoryBucket) -> set[str]:
    return {each["path"] for each in json.loads(bucket.objects[published.KEY])["segments"]}


def consistent(files: Callable[[str], Iterable[str]], bucket: MemoryBucket) -> bool:
    """Whether all that the bucket's manifest names is in the bucket. `files`: of a segment."""
    if published.KEY not in bucket.objects:
        return True
    return all(set(files(path)) <= bucket.objects.keys() for path in named(bucket))


def reader(
    kind: Kind[Any],
    url: str,
    found: Callable[..., T],
    root: Path,
    bucket: MemoryBucket,
    cache_bytes: int = 10**9,
) -> Callable[..., T]:
    """Another machine, which has nothing but the bucket: what is `found` in its directory after a look there."""
    root.mkdir()
    write_place(root, Place(url=url, cache_bytes=cache_bytes))
    follower = Follower(root, kind, Cache(root, kind, lambda _: bucket), FakeClock())

    def now(*numbers: int) -> T:
        follower.pull(now=True)
        return found(root, bucket, *numbers)

    return now
