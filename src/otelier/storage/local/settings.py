"""Keys of a store on this machine's disk, as the exporter `otelier` and the all-in-one take them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ...component import Config, Duration
from .bucket.place import BucketSettings, url_problems
from .layout import default_data_directory

MIB = 2**20


class FlushSettings(Config):
    """`flush`: when the log becomes segments."""

    max_bytes: int = 128 * MIB
    """Bytes of the log that are turned into segments at once."""
    max_age: Duration = Duration(30)
    """Longest time that anything stays in the log alone, traces that go on excepted."""
    idle: Duration = Duration(5)
    """A trace without new spans for so long is written; one that goes on waits, so that it stays whole."""
    max_open: Duration = Duration(60)
    """Longest time that a trace that goes on waits."""


class ImportantSettings(Config):
    """`retention.important`: which traces stay longer than others, and how long."""

    max_age: Duration = Duration(30 * 86_400)
    """Time since they arrived; 0 = for ever."""
    errors: bool = True
    """Traces with a span whose status is error, and log records of severity ERROR and above."""
    slower_than: Duration = Duration(0)
    """Traces that take at least so long from their first start to their last end; 0 = none for that."""


class RetentionSettings(Config):
    """`retention`: what is deleted, by whole segments, oldest first."""

    max_age: Duration = Duration(7 * 86_400)
    """Time since it arrived; 0 = keep for ever."""
    max_bytes: int = 0
    """Most bytes of all segments; 0 = no limit. With `important`, other traces go first; important ones that are past
    `max_age`, or alone are left, take at most half of it."""
    important: ImportantSettings | None = None
    """Keep errors and slow traces, and their logs, longer than the rest; `{}`: errors, for 30 days."""


class StoreSettings(Config):
    """Where and how."""

    data_dir: str = ""
    """Directory of everything that is kept; empty: `OTELIER_DATA_DIR`, else `otelier` under the user's data home."""
    storage: str = ""
    """`s3://bucket/prefix`: segments go there, and the data directory keeps what is newest and used most; empty: all
    stays in the data directory."""
    s3: BucketSettings = BucketSettings()
    """How the bucket is reached."""
    durability: Literal["commit", "interval"] = "commit"
    """commit: what is acknowledged is on disk; interval: with the operating system, and on disk every `interval`."""
    interval: Duration = Duration(1)
    """With `durability: interval`: longest time until what was acknowledged is on disk."""
    max_unflushed_bytes: int = 256 * MIB
    """Most bytes of the log; senders wait, then are told to try again, while segments are written."""
    flush: FlushSettings = FlushSettings()
    """When the log becomes segments."""
    retention: RetentionSettings = RetentionSettings()
    """What is deleted."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        for problem in url_problems(self.storage):
            yield "storage", problem
        if self.interval <= 0:
            yield "interval", "must be above 0"
        if self.flush.max_bytes < MIB:
            yield "flush.max_bytes", f"must be at least {MIB}, 1 MiB"
        if self.max_unflushed_bytes < 2 * self.flush.max_bytes:
            yield "max_unflushed_bytes", "must be at least twice flush.max_bytes: one half fills while one is written"
        for key in ("max_age", "idle", "max_open"):
            if getattr(self.flush, key) < 0:
                yield f"flush.{key}", "must not be negative"
        for key in ("max_age", "max_bytes"):
            if getattr(self.retention, key) < 0:
                yield f"retention.{key}", "must not be negative"
        if important := self.retention.important:
            yield from _problems_of(important, self.retention.max_age)

    @property
    def root(self) -> Path:
        """The data directory."""
        return Path(self.data_dir).expanduser() if self.data_dir else default_data_directory()


def _problems_of(important: ImportantSettings, max_age: float) -> Iterable[tuple[str, str]]:
    for key in ("max_age", "slower_than"):
        if getattr(important, key) < 0:
            yield f"retention.important.{key}", "must not be negative"
    if 0 < important.max_age < max_age:
        yield "retention.important.max_age", "must not be shorter than retention.max_age"
    if not (important.errors or important.slower_than):
        yield "retention.important", "nothing is important: set errors, or slower_than"


def keep_all(root: Path) -> StoreSettings:
    """Of an engine that is opened for some work by hand: retention is nobody's wish then."""
    return StoreSettings(data_dir=str(root), retention=RetentionSettings(max_age=Duration(0)))
