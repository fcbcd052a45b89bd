"""The data directory as a cache of the bucket: a segment that is not here is fetched, the ones used longest ago go.

Any process that reads the directory does both. A file that another one opens just then is fetched again by it.
"""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ..files import SEGMENTS
from ..kind import Kind
from .bucket import Bucket, BucketError
from .place import Place, put_in_place, read_place
from .s3 import S3Bucket

UPLOADED = "bucket.uploaded"
"""Paths of segments that the bucket has: those may go from here. Missing in a reader's cache, where all may."""

Open = Callable[[Place], Bucket]


class Cache:
    """Of one directory; for any number of threads."""

    def __init__(self, root: Path, kind: Kind[Any], open_bucket: Open = S3Bucket) -> None:
        """Nothing is read until something is asked for: the directory may become a cache later."""
        self._root = root
        self._kind = kind
        self._open = open_bucket
        self._lock = threading.Lock()
        self._bucket: tuple[Place, Bucket] | None = None

    def fetch(self, path: str) -> None:
        """Bring a file of a segment here. Raises FileNotFoundError if no bucket has it, BucketError."""
        bucket = self.bucket()
        if bucket is None:
            raise FileNotFoundError(f"{path} is not there")
        target = self._root / path
        target.parent.mkdir(0o700, parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
        try:
            bucket.download(path, beside)
            beside.rename(target)
        finally:
            with suppress(OSError):
                beside.unlink()
        self.shrink(keep=path)

    def bucket(self) -> Bucket | None:
        """The bucket that the directory says it has. Raises DataDirectoryError, StartError."""
        with self._lock:
            place = read_place(self._root)
            if place is None:
                return None
            if self._bucket is None or self._bucket[0] != place:
                self._bucket = place, self._open(place)
            return self._bucket[1]

    def shrink(self, keep: str = "") -> None:
        """Remove what was used longest ago until the rest is as small as it must be; `keep` stays."""
        place = read_place(self._root)
        if place is None:
            return
        files = _files(self._root)
        total = sum(stat.st_size for _, stat in files)
        if total <= place.cache_bytes:
            return
        mine = {file for path in uploaded(self._root) for file in self._kind.files(path)} if place.writer else None
        for file, stat in sorted(files, key=lambda each: (each[0].suffix == ".index", each[1].st_mtime_ns)):
            if total <= place.cache_bytes:
                return
            path = file.relative_to(self._root).as_posix()
            if path == keep or (mine is not None and path not in mine):
                continue
            with suppress(OSError):
                file.unlink()
            total -= stat.st_size


def uploaded(root: Path) -> frozenset[str]:
    """Paths of segments that the bucket has for sure. Raises BucketError if that can't be read."""
    try:
        return frozenset(msgspec.json.decode((root / UPLOADED).read_bytes(), type=list[str]))
    except FileNotFoundError:
        return frozenset()
    except (OSError, msgspec.MsgspecError) as error:
        raise BucketError(f"can't read {root / UPLOADED}: {error}") from error


def note_uploaded(root: Path, paths: Iterable[str]) -> None:
    """Durably. Raises OSError."""
    put_in_place(root / UPLOADED, msgspec.json.encode(sorted(paths)))


def _files(root: Path) -> list[tuple[Path, os.stat_result]]:
    found = list[tuple[Path, os.stat_result]]()
    for file in (root / SEGMENTS).rglob("[!.]*.*"):
        with suppress(OSError):
            if file.suffix in (".parquet", ".index"):
                found.append((file, file.stat()))
    return found
