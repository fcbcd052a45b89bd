"""What is wanted of a bucket: whole objects, put, got, listed and deleted."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol


class BucketError(OSError):
    """The bucket can't be asked now, or says no; what is stored there may be asked for again."""


class Bucket(Protocol):
    """Objects by key, below the store's prefix. Each call may raise BucketError; for any number of threads."""

    def put(self, key: str, data: bytes) -> None:
        """Keep an object; one that is there under this key is replaced. It is there for all when this returns."""
        ...

    def upload(self, key: str, file: Path) -> None:
        """The same of a file's content. Raises FileNotFoundError if there is no such file."""
        ...

    def get(self, key: str) -> bytes:
        """An object. Raises FileNotFoundError if there is none."""
        ...

    def download(self, key: str, file: Path) -> None:
        """The same into a new file, which is whole when this returns. Raises FileNotFoundError."""
        ...

    def list(self, prefix: str) -> Iterable[str]:
        """All keys that begin so."""
        ...

    def delete(self, key: str) -> None:
        """Forget an object; nothing happens if there is none."""
        ...
