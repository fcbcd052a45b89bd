"""file: write telemetry to a file, one batch after the other.

Format `json`: a line of OTLP/JSON per batch. Format `proto`: the encoded OTLP request, preceded by its length in
4 bytes, most significant first. All signals of one exporter go to one file. An accepted batch is with the operating
system after `flush_interval` at the latest, and on disk after a stop.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from ...component import Config, Custody, CustodyKind, Duration, Exporter, Retryable, StartError, exporter
from ...sending import QueueSettings, RetrySettings, SendPath, SendSettings, Sent
from ...telemetry import Batch
from .writer import FileWriter, Rotation


class RotationSettings(Config):
    """`rotation`: begin a new file when one is large, and keep the old ones for a while."""

    max_megabytes: int = 100
    """Largest file."""
    max_days: int = 0
    """Delete old files after so many days; 0 = never."""
    max_backups: int = 100
    """Keep so many old files; 0 = all."""
    localtime: bool = False
    """Old files carry local time in their names rather than UTC."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        if self.max_megabytes <= 0:
            yield "max_megabytes", "must be above 0"
        for key in ("max_days", "max_backups"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"


class GroupBySettings(Config):
    """`group_by`: a file per value of a resource attribute."""

    enabled: bool = False
    """Not supported."""
    resource_attribute: str = "fileexporter.path_segment"
    """Attribute whose value stands for the * in `path`."""
    max_open_files: int = 100
    """Files kept open at once."""


class FileConfig(Config):
    """Keys of `file`."""

    path: str
    """File to write; what it holds is replaced at start unless `append` or `rotation` is set."""
    format: Literal["json", "proto"] = "json"
    """json: a line per batch; proto: encoded requests, each preceded by its length."""
    append: bool = False
    """Add to what the file holds."""
    rotation: RotationSettings | None = None
    """Begin a new file when one is large; off if not given."""
    compression: Literal["", "zstd"] = ""
    """None; zstd is not supported."""
    flush_interval: Duration = Duration(1)
    """Longest time that an accepted batch stays in memory; 0 = none does."""
    create_directory: bool = False
    """Make the file's directory if it is missing."""
    directory_permissions: str = "0755"
    """Of a directory made so, octal."""
    group_by: GroupBySettings | None = None
    """A file per value of a resource attribute: not supported."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What contradicts itself, and what is not supported."""
        if not self.path:
            yield "path", "must name a file"
        if self.append and self.rotation:
            yield "append", "can't be combined with rotation, which always adds to the file"
        if self.compression:
            yield "compression", "zstd is not supported by the file exporter; remove the key"
        if self.group_by and self.group_by.enabled:
            yield "group_by.enabled", "is not supported; use one file exporter per group behind a routing connector"
        if self.flush_interval < 0:
            yield "flush_interval", "must not be negative"
        try:
            int(self.directory_permissions, 8)
        except ValueError:
            yield "directory_permissions", "must be octal, such as 0755"


@exporter("file", stability="alpha", signals={"traces", "metrics", "logs"}, shared=True)
class File(Exporter):
    """The component."""

    cfg: FileConfig

    def setup(self) -> None:
        """No I/O yet."""
        interval = self.cfg.flush_interval
        window = f"what was written in the last {interval} (flush_interval)" if interval else ""
        settings = SendSettings(
            timeout=Duration(0),
            retry_on_failure=RetrySettings(enabled=False),
            sending_queue=QueueSettings(enabled=False),
        )
        self._path = SendPath(self.ctx, settings, self._send, answers=Custody(CustodyKind.STORES, window))
        self._writer: FileWriter | None = None

    def start(self) -> None:
        """Open the file."""
        path = Path(self.cfg.path)
        try:
            if self.cfg.create_directory:
                path.parent.mkdir(int(self.cfg.directory_permissions, 8), parents=True, exist_ok=True)
            self._writer = FileWriter(path, self.ctx.clock, keep=self.cfg.append, rotation=self._rotation())
        except OSError as error:
            raise StartError(f"path: can't write {path}: {error.strerror or error}") from error
        if self.cfg.flush_interval:
            self._timer = self.ctx.clock.timer(self._flush, f"otelier:{self.ctx.id}:flush")
            self._timer.start(self.cfg.flush_interval)
        self._path.start()

    def consume(self, batch: Batch) -> None:
        """Write."""
        self._path.consume(batch)

    def prepare_stop(self, deadline: float) -> None:
        """Waits and retries end by then."""
        self._path.prepare_stop(deadline)

    def stop(self, deadline: float) -> None:
        """Write what waits, and wait until it is on disk."""
        self._path.stop(deadline)
        if self._writer is None:
            return
        if self.cfg.flush_interval:
            self._timer.close()
        try:
            self._writer.close()
        except OSError as error:
            self.ctx.log.error("the end of %s is lost: %s", self.cfg.path, error)
        self._writer = None

    def custody(self) -> Custody:
        """The end of the pipeline."""
        return self._path.custody()

    def _send(self, batch: Batch, _timeout_s: float) -> Sent:
        assert self._writer, "started"
        if self.cfg.format == "json":
            record = batch.to_json() + b"\n"
        else:
            request = batch.to_otlp()
            record = len(request).to_bytes(4) + request
        try:
            self._writer.write(record, flush=not self.cfg.flush_interval)
        except OSError as error:
            raise Retryable(f"can't write {self.cfg.path}: {error.strerror or error}") from error
        return Sent()

    def _flush(self) -> None:
        assert self._writer, "started"
        try:
            self._writer.flush()
        except OSError as error:
            self.ctx.log.warning("can't write %s, trying again: %s", self.cfg.path, error)
        self._timer.start(self.cfg.flush_interval)

    def _rotation(self) -> Rotation | None:
        keys = self.cfg.rotation
        return keys and Rotation(keys.max_megabytes * 2**20, keys.max_days, keys.max_backups, keys.localtime)
