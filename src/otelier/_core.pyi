"""Types of the native core (Rust). Calls are coarse: they take and return whole batches.

Every call that can wait or work releases the GIL. A `signal` is always one of
`"traces"`, `"metrics"`, `"logs"`. Items are spans, data points or log records.
"""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Literal, TypeAlias, final

Signal: TypeAlias = Literal["traces", "metrics", "logs"]

__version__: str

class DecodeError(ValueError):
    """Bytes that are not what they claim to be; the text says where and what."""

def live_bytes() -> int:
    """Bytes of encoded telemetry that all live batches and request bodies hold now, exactly."""

def start_runtime(threads: int) -> None:
    """Set the number of transport threads; only before the first server or client. Default: cores, at most 8."""

# -- batches ------------------------------------------------------------------------------------

@final
class Batch:
    """Immutable telemetry of one signal: encoded OTLP plus what a scan learned about it."""

    @staticmethod
    def from_otlp(signal: Signal, data: bytes, max_items: int = 200_000) -> Batch:
        """Check and take an encoded `Export…ServiceRequest` (or `TracesData` and its like).

        Invalid UTF-8 is repaired to U+FFFD; items with bad ids are left out.
        Use `Intake.read` to learn how many. Raises DecodeError.
        """

    @staticmethod
    def from_json(signal: Signal, data: bytes, max_items: int = 200_000) -> Batch:
        """The same for OTLP/JSON. Raises DecodeError."""

    @staticmethod
    def join(batches: Sequence[Batch]) -> Batch:
        """Concatenate batches of one signal without copying; keeps metadata where all agree. Not empty."""

    @property
    def signal(self) -> Signal: ...
    @property
    def items(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def metadata(self) -> Mapping[str, tuple[str, ...]]:
        """Client metadata by lower-case key; empty unless the receiver includes it."""

    def with_metadata(self, metadata: Mapping[str, Sequence[str]]) -> Batch: ...
    def __len__(self) -> int: ...
    def to_otlp(self) -> bytes: ...
    def to_json(self) -> bytes: ...
    def to_jaeger(self, *, raw: bool) -> list[tuple[bytes, bytes]]:
        """Each trace of a batch of traces: its id, and it as a JSON object of Jaeger's classic API.

        Unless `raw`, traces are made easier to read: tags, logs and spans are sorted, spans that come twice or share
        an id with their client's are told apart, links to nowhere go.
        """

    def split(self, max_items: int) -> list[Batch]:
        """Parts of exactly `max_items` items, the last one maybe fewer; order is kept."""

    def split_bytes(self, max_bytes: int) -> list[Batch]:
        """Parts of at most `max_bytes` encoded bytes, unless a single item is larger.

        Where the headers around an item (resource, scope, metric) take more than half of `max_bytes`, a part may be
        twice as large as they are.
        """

    def select(self, keep: bytes) -> Batch:
        """The items whose byte in `keep` (one per item, in order) is not 0; emptied scopes and resources go."""

    def trace_ids(self) -> bytes:
        """16 bytes per item, in order (traces and logs; all zero where a log record has none)."""

    def digest(self) -> int:
        """A 64-bit sum over the items that does not depend on order, batching or field order.

        Two batches with equal digests hold the same items with the same resource and scope.
        """

@final
class Intake:
    """What the check of foreign bytes found."""

    @staticmethod
    def read(
        signal: Signal, data: bytes, encoding: Literal["protobuf", "json"] = "protobuf", max_items: int = 200_000
    ) -> Intake: ...
    @property
    def batch(self) -> Batch: ...
    @property
    def rejected(self) -> int:
        """Items left out, each for a bad id."""
    @property
    def repaired(self) -> int:
        """Strings whose invalid UTF-8 was replaced."""
    @property
    def reason(self) -> str:
        """Why items were rejected; empty if none was."""

# -- server -------------------------------------------------------------------------------------

@final
class Inbox:
    """Where servers put what arrived until a Python thread takes it; bounded in bytes."""

    def __init__(self, max_bytes: int) -> None: ...
    def receive(self, signal: Signal, max_bytes: int, timeout_s: float) -> Delivery | None:
        """Wait for requests of a signal; small ones with equal metadata come as one delivery of up to `max_bytes`.

        None after `timeout_s`, or at once when the inbox is closed and empty.
        """

    def receive_http(self, timeout_s: float) -> HttpRequest | None:
        """Wait for a plain HTTP request (servers of kind "http")."""

    def waiting(self, signal: Signal) -> int:
        """Requests of a signal that are queued now."""

    def close(self) -> None:
        """Wake all waiting threads; what is still queued can be received, later requests are refused."""

    @property
    def closed(self) -> bool: ...

@final
class Delivery:
    """One or more requests to be answered together. Dropping it unanswered refuses it as internal error."""

    @property
    def batch(self) -> Batch: ...
    @property
    def requests(self) -> int: ...
    @property
    def transport(self) -> Literal["grpc", "http"]: ...
    def accept(self, rejected: int = 0, message: str = "") -> None:
        """Success; `rejected` items (of this delivery) and why become OTLP partial success."""

    def refuse(
        self, message: str, *, retryable: bool, retry_after_s: float | None = None, invalid: bool = False
    ) -> None:
        """gRPC Unavailable with RetryInfo or HTTP 503 with Retry-After; else gRPC Internal or HTTP 500, or, if the
        request is `invalid`, gRPC InvalidArgument or HTTP 400."""

    def parts(self) -> list[Delivery]:
        """One delivery per request; this one is spent then."""

@final
class HttpRequest:
    """A request to a server of kind "http", body already decompressed and bounded."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    def respond(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None: ...

@final
class Server:
    """One listening socket. `options` is JSON: see `ServerOptions` in rust/transport/src/server/options.rs."""

    def __init__(self, options: bytes, inbox: Inbox) -> None:
        """Bind and serve. Raises OSError (with errno) when it can't bind, ValueError for bad options or TLS files."""

    @property
    def address(self) -> tuple[str, int]: ...
    def stop(self, grace_s: float) -> None:
        """Stop accepting, tell clients to go away, wait up to `grace_s` for answers under way, then close."""

    def counters(self) -> list[tuple[str, dict[str, str], int]]:
        """(name, labels, value) of what was decided before Python saw it: requests refused by reason, items
        rejected, strings repaired, connections open and refused, bytes received."""

# -- clients ------------------------------------------------------------------------------------

@final
class SendResult:
    """The backend's answer. The policy (retry or not) is Python's."""

    @property
    def ok(self) -> bool: ...
    @property
    def code(self) -> int:
        """gRPC status code, or HTTP status (0: no answer, e.g. refused connection or timeout)."""
    @property
    def message(self) -> str: ...
    @property
    def retry_after_s(self) -> float | None:
        """From RetryInfo or Retry-After."""
    @property
    def rejected(self) -> int:
        """Items the backend rejected by partial success."""
    @property
    def sent_bytes(self) -> int:
        """Body bytes on the wire, after compression."""

@final
class GrpcClient:
    """OTLP/gRPC to one target. `options` is JSON: see `GrpcOptions` in rust/transport/src/client/options.rs."""

    def __init__(self, options: bytes) -> None: ...
    def send(self, batch: Batch, headers: Sequence[tuple[str, str]], timeout_s: float) -> SendResult:
        """Send one Export request and wait for the answer. Never raises for a backend's or network's fault."""

    def close(self) -> None:
        """End all connections at once; sends under way fail as cancelled."""

@final
class HttpClient:
    """HTTP/1.1 and HTTP/2 to any URL. `options` is JSON: see `HttpOptions` in rust/transport/src/client/options.rs."""

    def __init__(self, options: bytes) -> None: ...
    def send(
        self,
        url: str,
        batch: Batch,
        encoding: Literal["proto", "json"],
        headers: Sequence[tuple[str, str]],
        timeout_s: float,
    ) -> SendResult:
        """POST one OTLP/HTTP Export request and wait for the answer.

        Raises ValueError for a URL or header that can't be sent to anybody.
        """

    def request(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes, timeout_s: float
    ) -> tuple[int, dict[str, str], bytes]:
        """Any other request; answers (status, headers, body).

        Raises TimeoutError or ConnectionError where no answer came, ValueError for what can't be sent.
        """

    def close(self) -> None: ...

# -- reading ------------------------------------------------------------------------------------

class StaleView(RuntimeError):
    """A file that the view knows is gone: refresh it with the newest manifest, and ask again."""

class DamagedFile(RuntimeError):
    """A file of the store is not what its format says; the text names it."""

TraceSummary: TypeAlias = tuple[bytes, str, str, int, int, int, int, int, list[tuple[str, int, int]]]
"""Trace id, root's service and name, first start and last end (ns), spans, errors, spans whose parent is missing, and
(service, spans, errors) of each service, by name. A service is "" where the resource has none."""

@final
class View:
    """Segments and the live log as one, read only, as of the newest refresh. For any number of threads.

    Calls answer from the state they began with, also when a refresh comes meanwhile. Times are ns since 1970.
    """

    def __init__(self, disk: Disk) -> None:
        """Empty until the first refresh."""

    def refresh(self, segments: Sequence[str], retired: int, starts: Sequence[tuple[int, int]] = ()) -> None:
        """Take on a state of the manifest (all segments' paths, the last retired generation, least and greatest start
        of each segment) and what has come to the log since. Cheap when nothing has changed.

        A search opens no segment whose starts can't matter; without `starts` all may.

        Read the manifest again afterwards: if it has changed meanwhile, refresh again, because a generation may have
        been retired and removed before it was read. Raises StaleView if that is noticed at once, OSError.
        """

    def traces(self, tenant: str, trace_ids: Sequence[bytes]) -> Batch:
        """All spans of these traces from segments and log, each once; empty if there is none.

        Raises StaleView, DamagedFile, OSError; ValueError for ids that are not 16 bytes.
        """

    def logs(self, tenant: str, trace_ids: Sequence[bytes]) -> Batch:
        """All log records of these traces. Raises as `traces`."""

    def left_out(self) -> list[str]:
        """What is wrong with each segment that answers are made without, because it is damaged."""

    def search(
        self, tenant: str, filter_json: bytes, start_ns: int, end_ns: int, limit: int
    ) -> list[tuple[bytes, int]]:
        """The newest `limit` traces with a span that the filter means and that starts in [start_ns, end_ns].

        (trace id, start of its newest such span), newest first. The filter is about one span; its form is in
        docs/spec/filter.md. Raises ValueError for a filter that isn't one, else as `traces`.
        """

    def summaries(self, tenant: str, trace_ids: Sequence[bytes]) -> list[TraceSummary]:
        """In the order of `trace_ids`, without traces of which nothing is there. Raises as `traces`."""

    def hot_services(self, tenant: str) -> list[str]:
        """Services of all spans in the live log, each once, in order; "" for those whose resource names none."""

    def hot_operations(self, tenant: str, service: str) -> list[tuple[str, int]]:
        """(span name, span kind) of a service in the live log, each once, in order."""

    def hot_items(self) -> int:
        """Items in the live log, of all tenants and signals."""

    @property
    def scanned(self) -> Mapping[str, int]:
        """What was read of segments so far: `files` opened, `row_groups` looked into, `pages`, `bytes`."""

    @property
    def damaged_bytes(self) -> int:
        """Bytes of the live log that could not be read."""

# -- disk ---------------------------------------------------------------------------------------

@final
class Disk:
    """Where everything durable is kept: a tree of files with relative, `/`-separated paths. Private to the user.

    Each change is an operation with a number and a name, such as `sync log/0000000000000001.log`, so that tests can stop
    or fail it. Calls raise OSError with errno, as Python's own do.
    """

    @staticmethod
    def real(root: str | PathLike[str], *, die_after: int = 0, trace: bool = False) -> Disk:
        """The files below `root`, which is made if it isn't there.

        `die_after`: abort the process right after the n-th operation. `trace`: keep the names of operations.
        """

    @staticmethod
    def simulated() -> Disk:
        """A disk in memory that loses at a crash whatever a real one may lose; it keeps the names of operations."""

    def operations(self) -> list[str]:
        """What was done, in order; empty unless it is kept."""

    def crash(self, seed: int) -> None:
        """The power goes and comes back; `seed` decides what survives of what was not synced.

        Whatever was opened before can't be used any more. Raises ValueError if the disk is real.
        """

    def fail(self, pattern: str, nth: int, errno: int) -> None:
        """Fail the `nth` operation from now on, counted from 1, whose name contains `pattern`.

        A write that fails writes the first half. A sync that fails loses what it should have made durable. Reads fail
        only for patterns that begin with `read`.
        """

    def list(self, directory: str) -> list[str]:
        """Names, sorted; `""` is the root."""

    def exists(self, path: str) -> bool: ...
    def size(self, path: str) -> int: ...
    def read(self, path: str) -> bytes: ...
    def create_dir(self, path: str) -> None:
        """Make a directory and what is missing above it, durably; nothing if it is there."""

    def replace(self, path: str, data: bytes) -> None:
        """Put a file in the place of another, or of nothing, in one durable step."""

    def rename(self, source: str, target: str) -> None:
        """Durable after `sync_dir` of the directory."""

    def unlink(self, path: str) -> None:
        """Durable after `sync_dir` of the directory."""

    def sync_dir(self, path: str) -> None: ...

@final
class Records:
    """A file of checksummed records, read as a whole, appended durably. Format: docs/spec/records.md."""

    def __init__(self, disk: Disk, path: str) -> None:
        """Open the file, or make it with its directories. A torn tail is cut off: its append never returned."""

    @property
    def records(self) -> list[bytes]:
        """As they were when the file was opened."""
    @property
    def damage(self) -> str:
        """Which bytes between good records are bad, in words; empty if none are."""
    @property
    def torn_bytes(self) -> int:
        """Bytes cut off at the opening."""
    @property
    def size_bytes(self) -> int:
        """Of the file now."""

    def append(self, body: bytes) -> None:
        """Durable when it returns. After an OSError the record is not there.

        If the disk failed while it synced, every later append raises until `rewrite` has put a new file in its place.
        """

    def rewrite(self, bodies: Sequence[bytes]) -> None:
        """Put these records in the place of all, in one durable step."""

def read_records(disk: Disk, path: str, limit: int = 0) -> list[bytes]:
    """The records of a file that another process may be writing; the first `limit` ones if above 0. Changes nothing."""

def damaged_bytes(disk: Disk, path: str) -> int:
    """Bytes between good records of a file that can't be read. What is unfinished at its end does not count."""

@final
class Log:
    """What was accepted and not stored yet, in numbered files (generations). Format: docs/spec/log.md.

    Threads that append at the same time share a write and a sync. Opening reads no telemetry: the next append begins a
    new generation behind those that are there.
    """

    def __init__(
        self,
        disk: Disk,
        directory: str,
        *,
        sync: Literal["commit", "interval", "never"] = "commit",
        interval_s: float = 1.0,
        max_unflushed_bytes: int = 268_435_456,
        max_wait_s: float = 5.0,
        retired: int = 0,
    ) -> None:
        """`sync`: durable before an append returns, every `interval_s`, or when the operating system likes.

        `max_unflushed_bytes`: appends wait while so much isn't retired, at most `max_wait_s`. `retired`: what the manifest
        says is retired; numbers up to this are not used again.
        """

    def append(self, tenant: str, batch: Batch, now_ns: int) -> None:
        """Durable on return (`sync="commit"`). `now_ns`: wall clock of the arrival.

        Raises OSError and keeps nothing: EAGAIN when too much waits to be flushed for too long, else what the disk says.
        Raises ValueError for a bad tenant's name.
        """

    def rotate(self) -> int:
        """Seal the open generation; no record is added to the answered one or an older one after that.

        Answers the youngest number there is or was, 0 if there never was one.
        """

    def generations(self) -> list[tuple[int, int]]:
        """(number, bytes), oldest first; the open one is the last."""

    def retire(self, generation: int) -> None:
        """Remove all generations up to this one, which must be sealed (ValueError).

        Names may come back after a power cut: retire again what the manifest says after each start.
        """

    @property
    def unflushed_bytes(self) -> int:
        """Bytes of all generations and of what waits to be written."""
    @property
    def oldest_ns(self) -> int:
        """When the oldest telemetry that is not retired arrived; 0 if there is none, 1 if that can't be read."""

    def counters(self) -> dict[str, int]:
        """`writes`, `syncs`, `failed_writes`, `failed_syncs`, and `refused` (appends that raised EAGAIN)."""

    def close(self) -> None:
        """Make everything durable, unless `sync` is "never", and end. Later appends raise OSError."""

@final
class QueueFile:
    """What a component has accepted and not handed on yet, on disk; safe for threads. Format: docs/spec/queue.md."""

    def __init__(self, disk: Disk, directory: str, *, fsync: bool, cache_bytes: int = 67_108_864) -> None:
        """Open the queue in a directory, or make it.

        `fsync`: what is put is durable when `put` returns; otherwise it is written, and a power cut may lose it.
        `cache_bytes`: so much of it is kept in memory, too.
        """

    def restored(self) -> list[tuple[int, Signal, int, int, dict[str, tuple[str, ...]]]]:
        """What was alive at the opening, oldest first: (key, signal, items, bytes, metadata). Answered once."""

    def put(self, batch: Batch, now_ns: int) -> int:
        """Take a batch in; answers its key. Raises OSError, and keeps nothing."""

    def load(self, key: int) -> Batch:
        """From memory or from disk. Raises OSError where it can't be read or is damaged."""

    def done(self, keys: Sequence[int]) -> None:
        """These need not be kept. If that can't be written, they come back at the next opening."""

    @property
    def disk_bytes(self) -> int:
        """Of all files."""
    @property
    def damaged_bytes(self) -> int:
        """What could not be read at the opening."""

    def close(self) -> None:
        """What is alive stays. Later puts raise OSError."""

def read_generation(
    disk: Disk, path: str
) -> tuple[list[tuple[Literal["telemetry", "carried"], str, Batch, int, int, int]], int, int]:
    """What a sealed generation of a log holds, and how many bytes of it are damaged and torn.

    Records are (kind, tenant, telemetry, first and last arrival in nanoseconds, generation it was carried from or 0).
    """

# -- segments -----------------------------------------------------------------------------------

@final
class Flushed:
    """What a flush or a merge has written. No manifest names it yet."""

    @property
    def segments(self) -> list[bytes]:
        """JSON objects as the manifest's steps have them: path, tenant, signal, rows, bytes, min_start_ns, max_start_ns."""
    @property
    def carried(self) -> int:
        """Items that were written into the open generation of the log, because their traces go on."""
    @property
    def duplicates(self) -> int:
        """Spans left out because one with the same trace id, span id, start and kind is there already."""
    @property
    def damaged_bytes(self) -> int:
        """Bytes of the log that could not be used: damaged, or of a signal that has no segments."""
    @property
    def torn_bytes(self) -> int:
        """Bytes behind the last good record of a generation: a killed process leaves such, and so does bit rot."""
    @property
    def items(self) -> dict[str, int]:
        """Items in the new segments, by signal."""

def flush(
    disk: Disk,
    log: Log,
    generations: Sequence[int],
    *,
    now_ns: int,
    idle_ns: int,
    max_open_ns: int,
    recent: Sequence[str] = (),
) -> Flushed:
    """Write what these sealed generations hold into segments (docs/spec/segment.md), durable on return.

    `generations`: all that are sealed and not retired, or the oldest of these. Logs are all written. A trace is if nothing
    came of it for `idle_ns` or something came `max_open_ns` ago; the others are carried into the open generation, durable,
    too. `recent`: segments that may hold earlier parts of the traces. Neither manifest nor generations change: retire them
    when the manifest names the segments. Raises OSError; what is written then is to be thrown away.
    """

def merge(disk: Disk, tenant: str, signal: Signal, paths: Sequence[str]) -> Flushed:
    """Write what these segments hold into a new one, durable on return. Raises OSError; ValueError for damaged ones."""

def verify_segment(disk: Disk, path: str) -> str:
    """What is wrong with a segment, after all of it was read; empty if nothing is. Raises OSError."""

def segment_summary(disk: Disk, path: str) -> bytes:
    """The JSON object with what a segment holds, out of its index. Raises OSError; ValueError for a damaged index."""

def read_segment(disk: Disk, path: str, signal: Signal) -> Batch:
    """All of a segment as a batch. Raises OSError; ValueError for a damaged one."""
