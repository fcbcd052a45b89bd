"""Where a directory's segments go, and what the directory says of it: `bucket.json`, without any secret."""

import os
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from ...contract import DataDirectoryError
from ...settings import GIB

MARKER = "bucket.json"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `bucket.json`."""

    url: str
    endpoint: str = ""
    region: str = ""
    cache_bytes: int = 10 * GIB
    writer: str = ""
    """Names the directory, so that two don't write to one bucket; empty: this is a reader's cache."""

    @property
    def bucket(self) -> str:
        """Its name."""
        return urlsplit(self.url).netloc

    @property
    def prefix(self) -> str:
        """What all keys begin with: nothing, or it ends with a slash."""
        path = urlsplit(self.url).path.strip("/")
        return f"{path}/" if path else ""


def read_place(root: Path) -> Place | None:
    """What a directory says; None if all of it is here. Raises DataDirectoryError."""
    try:
        return msgspec.json.decode((root / MARKER).read_bytes(), type=Place)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise DataDirectoryError(f"can't read {root / MARKER}: {error}") from error


def write_place(root: Path, place: Place) -> None:
    """Durably. Raises OSError."""
    put_in_place(root / MARKER, msgspec.json.encode(place))


def put_in_place(path: Path, data: bytes) -> None:
    """Write a file anew as a whole, for several processes at once. Raises OSError."""
    beside = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}.new")
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
