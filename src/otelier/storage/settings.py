"""Keys of a store on this machine's disk, as the exporter `otelier` and the all-in-one take them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Protocol
from urllib.parse import urlsplit

from msgspec import Meta

from ..component import Config, Duration
from .directory import default_data_directory

MIB, GIB = 2**20, 2**30


class FlushLimits(Protocol):
    """What both stores have: when the log becomes segments."""

    @property
    def max_bytes(self) -> int:
        """Bytes of the log that are turned into segments at once."""
        ...

    @property
    def max_age(self) -> Duration:
        """Longest time that anything stays in the log alone, but for what may wait."""
        ...


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


class RetentionSettings(Config):
    """`retention`: what is deleted, by whole segments, oldest first."""

    max_age: Duration = Duration(7 * 86_400)
    """Time since it arrived; 0 = keep for ever."""
    max_bytes: int = 0
    """Most bytes of all segments; 0 = no limit."""


class ImportantSettings(Config):
    """`retention.important`: which traces stay longer than others, and how long."""

    max_age: Duration = Duration(30 * 86_400)
    """Time since they arrived; 0 = for ever."""
    errors: bool = True
    """Traces with a span whose status is error, and log records of severity ERROR and above."""
    slower_than: Duration = Duration(0)
    """Traces that take at least so long from their first start to their last end; 0 = none for that."""


class TelemetryRetention(RetentionSettings):
    """`retention` of traces and logs. `max_bytes` with `important`: other traces go first, and those that are kept for
    their importance alone take at most half of it."""

    important: ImportantSettings | None = None
    """Keep errors and slow traces, and their logs, longer than the rest; `{}`: errors, for 30 days."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        if not (important := self.important):
            return
        yield from (("important." + key, what) for key, what in _negative(important, "max_age", "slower_than"))
        if 0 < important.max_age < self.max_age:
            yield "important.max_age", "must not be shorter than retention.max_age"
        if not (important.errors or important.slower_than):
            yield "important", "nothing is important: set errors, or slower_than"


class BucketSettings(Config):
    """`s3`: how the bucket of `storage` is reached."""

    endpoint: str = ""
    """URL of another S3-compatible server; empty: AWS. Credentials come from where AWS tools look for them."""
    region: str = ""
    """Empty: as the environment says."""
    cache_bytes: Annotated[int, Meta(ge=0)] = 10 * GIB
    """Bytes of segments that stay in the data directory, beside those that are not uploaded yet."""


class MetricsFlushSettings(Config):
    """`metrics.flush`: when the metrics' log becomes segments."""

    max_bytes: int = 128 * MIB
    """Bytes of the log that are turned into segments at once."""
    max_age: Duration = Duration(300)
    """Longest time that anything stays in the log alone."""


class MetricsSettings(Config):
    """`metrics`: what is different for metrics, which have a log and segments of their own."""

    max_unflushed_bytes: int = 256 * MIB
    """Most bytes of their log; senders wait, then are told to try again, while segments are written."""
    flush: MetricsFlushSettings = MetricsFlushSettings()
    """When their log becomes segments."""
    retention: RetentionSettings | None = None
    """What is deleted, by the time of the newest sample; by default as for traces and logs."""
    max_series: int = 5_000_000
    """Most series of a tenant that are active at once; those over it are folded into one per metric, and counted."""
    max_series_per_metric: int = 200_000
    """The same for each metric."""
    max_label_names: int = 5_000
    """Most distinct names of labels of a tenant's active series, `__name__` among them, attributes of resources not;
    a series that brings one more is refused."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        yield from _flush_problems(self.flush, self.max_unflushed_bytes)
        yield from (("retention." + key, what) for key, what in _negative(self.retention, "max_age", "max_bytes"))
        for key in ("max_series", "max_series_per_metric", "max_label_names"):
            if getattr(self, key) < 1:
                yield key, "must be at least 1"


class StoreSettings(Config):
    """Where and how."""

    data_dir: str = ""
    """Directory of everything that is kept; empty: `OTELIER_DATA_DIR`, else `otelier` under the user's data home."""
    storage: str = ""
    """`s3://bucket/prefix`: segments of traces and logs go there, and the data directory keeps what is newest and used
    most; empty: all stays in the data directory."""
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
    retention: TelemetryRetention = TelemetryRetention()
    """What is deleted."""
    metrics: MetricsSettings = MetricsSettings()
    """What is different for metrics."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        if self.interval <= 0:
            yield "interval", "must be above 0"
        yield from (("storage", problem) for problem in url_problems(self.storage))
        yield from _flush_problems(self.flush, self.max_unflushed_bytes)
        yield from (("flush." + key, what) for key, what in _negative(self.flush, "idle", "max_open"))
        yield from (("retention." + key, what) for key, what in _negative(self.retention, "max_age", "max_bytes"))

    @property
    def root(self) -> Path:
        """The data directory."""
        return Path(self.data_dir).expanduser() if self.data_dir else default_data_directory()

    @property
    def metrics_retention(self) -> RetentionSettings:
        """What is deleted of metrics."""
        return self.metrics.retention or self.retention


def keep_all(root: Path) -> StoreSettings:
    """Of an engine that is opened for some work by hand: retention is nobody's wish then."""
    return StoreSettings(data_dir=str(root), retention=TelemetryRetention(max_age=Duration(0)))


def url_problems(storage: str) -> Iterable[str]:
    """What is wrong with a setting `storage`."""
    if storage and not (storage.startswith("s3://") and urlsplit(storage).netloc):
        yield "must be s3://bucket or s3://bucket/prefix"


def _flush_problems(flush: FlushLimits, max_unflushed_bytes: int) -> Iterable[tuple[str, str]]:
    if flush.max_bytes < MIB:
        yield "flush.max_bytes", f"must be at least {MIB}, 1 MiB"
    if max_unflushed_bytes < 2 * flush.max_bytes:
        yield "max_unflushed_bytes", "must be at least twice flush.max_bytes: one half fills while one is written"
    if flush.max_age < 0:
        yield "flush.max_age", "must not be negative"


def _negative(settings: Config | None, *keys: str) -> Iterable[tuple[str, str]]:
    return ((key, "must not be negative") for key in keys if settings and getattr(settings, key) < 0)
