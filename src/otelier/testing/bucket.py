"""A bucket in memory that fails when it is told to, for stores with `storage: s3://…`."""

import threading
from collections.abc import Iterator
from pathlib import Path

from ..storage.segmented.bucket.bucket import BucketError


class MemoryBucket:
    """Implements `Bucket`."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.calls: list[str] = []
        """`put segments/…`, in order."""
        self.fail_after: int | None = None
        """Calls that still succeed; those after them fail until it is None again."""
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        self._note(f"put {key}")
        self.objects[key] = data

    def upload(self, key: str, file: Path) -> None:
        data = file.read_bytes()
        self.put(key, data)

    def get(self, key: str) -> bytes:
        self._note(f"get {key}")
        if key not in self.objects:
            raise FileNotFoundError(f"{key} is not in the bucket")
        return self.objects[key]

    def download(self, key: str, file: Path) -> None:
        file.write_bytes(self.get(key))

    def list(self, prefix: str) -> Iterator[str]:
        self._note(f"list {prefix}")
        return iter([key for key in sorted(self.objects) if key.startswith(prefix)])

    def delete(self, key: str) -> None:
        self._note(f"delete {key}")
        self.objects.pop(key, None)

    def _note(self, call: str) -> None:
        with self._lock:
            if self.fail_after is not None:
                if self.fail_after <= 0:
                    raise BucketError(f"{call}: told to fail")
                self.fail_after -= 1
            self.calls.append(call)
