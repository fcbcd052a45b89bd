"""Opening a directory whose segments may be in a bucket, and a bucket without a directory of its own."""

import hashlib
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import msgspec

from ...._core import Disk
from ....component import Clock
from ...contract import DataDirectoryError
from ...directory import LOCK, METRICS
from ...settings import BucketSettings, url_problems
from ..counters import Counters
from ..files import LOG, MANIFEST, SEGMENTS
from ..kind import Kind
from ..manifest import S
from . import published
from .bucket import Bucket
from .cache import UPLOADED, Cache, Open, note_uploaded, uploaded
from .follow import as_manifest
from .place import MARKER, Place, put_in_place, read_place, write_place
from .publisher import Publisher
from .s3 import S3Bucket

_log = logging.getLogger("otelier.store")


def open_disk(root: Path, kind: Kind[Any], cache: Cache | None = None) -> Disk:
    """The disk of a directory: what of its segments is in a bucket is fetched when it is read. Raises OSError."""
    return Disk.real(str(root)).fetching(SEGMENTS, (cache or Cache(root, kind)).fetch, MARKER)


def read_only(storage: str, settings: BucketSettings, root: Path | None = None) -> Path:
    """Make `root` (if None: a folder of the user's caches) a cache of a bucket, for reading, metrics too. The folder.

    Raises DataDirectoryError if something else lives there, ValueError for an address that is none.
    """
    for problem in url_problems(storage):
        raise ValueError(f"{storage!r}: {problem}")
    root = root or _cache_directory(storage, settings)
    place = Place(url=storage, endpoint=settings.endpoint, region=settings.region, cache_bytes=settings.cache_bytes)
    try:
        root.mkdir(0o700, parents=True, exist_ok=True)
        known = read_place(root)
        if (root / LOCK).exists() or (root / LOG).exists() or (known and known.writer):
            raise DataDirectoryError(
                f"{root} is a data directory: a reader's cache of {storage} needs a folder of its own"
            )
        if known and known.url != storage:
            raise DataDirectoryError(f"{root} is a cache of {known.url}, and can't be one of {storage}")
        if known != place:
            write_place(root, place)
        of_metrics = msgspec.structs.replace(place, url=of_store(storage, METRICS))
        (root / METRICS).mkdir(0o700, exist_ok=True)
        if read_place(root / METRICS) != of_metrics:
            write_place(root / METRICS, of_metrics)
    except OSError as error:
        raise DataDirectoryError(f"can't use {root} as a cache: {error}") from error
    return root


def of_store(storage: str, folder: str) -> str:
    """Where a store's segments are, whose folder stands below the data directory; empty: nowhere."""
    return f"{storage.rstrip('/')}/{folder}" if storage and folder else storage


def _cache_directory(storage: str, settings: BucketSettings, environment: Mapping[str, str] = os.environ) -> Path:
    home = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".cache")
    named = hashlib.sha256(f"{settings.endpoint} {storage}".encode()).hexdigest()[:16]
    return Path(home) / "otelier" / named


@dataclass(frozen=True, slots=True)
class Attached(Generic[S]):
    """A writer's directory, with its bucket if it has one."""

    disk: Disk
    publisher: Publisher[S] | None = None
    elsewhere: frozenset[str] = frozenset()
    """Segments that need not be in the directory, as of the start."""

    def has(self, path: str) -> bool:
        """Whether the bucket has this segment now."""
        return self.publisher is not None and self.publisher.has(path)


def attach_writer(
    root: Path,
    kind: Kind[S],
    storage: str,
    settings: BucketSettings,
    clock: Clock,
    counters: Counters,
    open_bucket: Open = S3Bucket,
) -> Attached[S] | None:
    """What a writer of `root` (locked) needs; None if nothing is in a bucket. Raises DataDirectoryError, OSError.

    A new directory takes over what another one has published in the bucket.
    """
    known = read_place(root)
    if known and not known.writer:
        raise DataDirectoryError(f"{root} is a reader's cache of {known.url}: choose another data directory")
    if known and storage != known.url:
        raise DataDirectoryError(f"segments of {root} are in {known.url}: `storage` must stay so")
    if not storage:
        return None
    place = Place(
        url=storage,
        endpoint=settings.endpoint,
        region=settings.region,
        cache_bytes=settings.cache_bytes,
        writer=known.writer if known else os.urandom(8).hex(),
    )
    if place != known:
        write_place(root, place)
    cache = Cache(root, kind, open_bucket)
    bucket = cache.bucket()
    assert bucket
    if not (root / MANIFEST).exists() and not (root / SEGMENTS).exists():
        _take_over(root, kind, bucket, place)
    there = uploaded(root) if (root / UPLOADED).exists() else frozenset(bucket.list(f"{SEGMENTS}/"))
    publisher = Publisher(root, kind, place.writer, bucket, cache, clock, counters)
    return Attached(open_disk(root, kind, cache), publisher, there)


def attach_by_hand(root: Path, kind: Kind[S], clock: Clock, counters: Counters) -> Attached[S] | None:
    """The same for work by hand on a directory that says itself where its segments are."""
    known = read_place(root)
    settings = (
        BucketSettings(endpoint=known.endpoint, region=known.region, cache_bytes=known.cache_bytes) if known else None
    )
    return attach_writer(root, kind, known.url, settings, clock, counters) if known and settings else None


def _take_over(root: Path, kind: Kind[S], bucket: Bucket, place: Place) -> None:
    found = published.read(bucket, kind.segment)
    if found is None:
        return
    published.write(bucket, msgspec.structs.replace(found, writer=place.writer))
    note_uploaded(root, (each.path for each in found.segments))
    put_in_place(root / MANIFEST, as_manifest(found))
    _log.warning("took over %d segments that %s has published in %s", len(found.segments), found.writer, place.url)
