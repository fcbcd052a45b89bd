"""Types of the native core (Rust). Calls are coarse: they take and return whole batches.

Every call that can wait or work releases the GIL. A `signal` is always one of
`"traces"`, `"metrics"`, `"logs"`. Items are spans, data points or log records.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from typing import Literal, SupportsIndex, TypeAlias, final

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
    def to_json(self, mapping: Literal["otlp", "protobuf"] = "otlp") -> bytes:
        """As OTLP/JSON, or as protobuf's own mapping has it: ids in base64, enums by name."""

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

    def span_ids(self) -> tuple[bytes, bytes]:
        """Of spans, and of their parents (zeros: none); 8 bytes per item each, in order."""

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
    @property
    def size(self) -> int:
        """Of the body; to ask for that makes a copy."""

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the answer any more: the asker has gone, or it took too long."""
    def respond(self, status: int, headers: Sequence[tuple[str, str]], body: bytes | Body) -> None:
        """Answer. Raises ValueError for what can't be sent."""

    def stream(self, status: int, headers: Sequence[tuple[str, str]]) -> HttpStream:
        """Begin an answer whose body comes in pieces. Raises ValueError for what can't be sent."""

    def upgrade(self, headers: Sequence[tuple[str, str]]) -> HttpSocket:
        """Answer 101: the connection is bytes both ways from now on.

        Raises ValueError if the request asks for no upgrade (HTTP/1.1 only), or for what can't be sent.
        """

@final
class HttpSocket:
    """A connection that no longer speaks HTTP. It ends with the server, too."""

    def send(self, data: bytes) -> bool:
        """Wait while too much waits to be sent; False if the peer has gone, or takes nothing for a minute."""

    def receive(self, timeout_s: float) -> bytes | None:
        """What came, waiting for it so long; None: nothing; empty: nothing will, the peer has gone."""

    def close(self) -> None:
        """Close it once what was sent has gone out."""

@final
class Body:
    """An answer that the core made, which is sent without a copy."""

    def __len__(self) -> int: ...
    def __bytes__(self) -> bytes: ...

@final
class HttpStream:
    """An answer under way."""

    def send(self, data: bytes) -> bool:
        """Wait for the asker to take what came before; False if it has gone, or takes nothing for a minute."""

    def finish(self, trailers: Sequence[tuple[str, str]]) -> None:
        """End it. HTTP/1.1 drops the trailers of an asker who has not asked for them."""

    def close(self) -> None:
        """Break it off, unless it has ended."""

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
    @property
    def answered(self) -> bool:
        """gRPC only: the backend has answered, well or not; False where nobody was reached or nothing came in time."""

@final
class GrpcClient:
    """OTLP/gRPC to one target. `options` is JSON: see `GrpcOptions` in rust/transport/src/client/options.rs."""

    def __init__(self, options: bytes) -> None: ...
    def send(self, batch: Batch, headers: Sequence[tuple[str, str]], timeout_s: float) -> SendResult:
        """Send one Export request and wait for the answer. Never raises for a backend's or network's fault."""

    def check(self, headers: Sequence[tuple[str, str]], timeout_s: float) -> SendResult:
        """Ask by gRPC's health service whether the server serves; one that doesn't have this service counts as ok."""

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

def snappy(data: bytes) -> bytes:
    """Snappy's block format, as remote write wants it."""

def unsnappy(data: bytes, max_bytes: int) -> bytes:
    """Read it. Raises ValueError for what isn't it, or would be longer than `max_bytes`."""

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

    def open_ahead(self) -> None:
        """Open the newest segments, so that the next question need not wait for their indexes and footers."""

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

    def search_logs(
        self,
        tenant: str,
        filter_json: bytes,
        start_ns: int,
        end_ns: int,
        limit: int,
        *,
        oldest_first: bool = False,
        max_bytes: int = ...,
        max_looked: int = ...,
        timeout_ms: int = 0,
    ) -> tuple[list[LogRecordTuple], list[list[tuple[str, str]]], list[LogScopeTuple], bool, LogsLooked]:
        """Up to `limit` log records that the filter means and whose time lies in [start_ns, end_ns], newest first.

        Records, the attributes of their resources, their scopes, and whether more would take more than about `max_bytes`
        of memory; there is one at least. Which of several records with equal times come is not defined. Looking at more than `max_looked` records, or for longer, ends the search. The filter is about one record
        (docs/spec/filter.md). Raises as `search`.
        """

    def count_logs(
        self,
        tenant: str,
        filter_json: bytes,
        start_ns: int,
        end_ns: int,
        part_ns: int,
        by: list[str],
        *,
        sizes: bool = False,
        max_looked: int = ...,
        timeout_ms: int = 0,
    ) -> tuple[list[list[tuple[str, str]]], list[tuple[int, int, int, int]], LogsLooked]:
        """How many such records there are by labels, `*` for all labels of the stream, and by parts of time.

        The labels of each group, and (group, number of the part from `start_ns` on, records, bytes of their lines, which
        are 0 without `sizes`). Raises as `search`.
        """

    def log_streams(self, tenant: str, start_ns: int, end_ns: int) -> tuple[list[list[tuple[str, str]]], int, int, int]:
        """The attributes of resources with log records in or around [start_ns, end_ns], from dictionaries.

        And of the row groups that were looked into: records, bytes of lines as they are stored, how many. Raises as
        `traces`.
        """

    def summaries(self, tenant: str, trace_ids: Sequence[bytes]) -> list[TraceSummary]:
        """In the order of `trace_ids`, without traces of which nothing is there. Raises as `traces`."""

    def gather(
        self,
        tenant: str,
        filter_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        newest: int = 0,
        max_rows: int = 10_000_000,
        max_bytes: int = 1 << 30,
        timeout_ms: int = 0,
    ) -> SpanTable:
        """Fields (a JSON array, docs/spec/filter.md) of all spans that the filter means and that start in
        [start_ns, end_ns], each once.

        `newest`: only of so many traces, those that `search` finds, in its order; 0: of all. `max_bytes`: of the table
        in memory, about; `timeout_ms` 0: none. Raises ValueError for filters and fields that are none, else as `traces`.
        """

    def gather_parts(
        self,
        tenant: str,
        part: Literal["event", "link"],
        filter_json: bytes,
        fields_json: bytes,
        part_fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        max_rows: int = 10_000_000,
        max_bytes: int = 1 << 30,
        timeout_ms: int = 0,
    ) -> PartTable:
        """Events or links of all spans that the filter means and that start in [start_ns, end_ns], a row for each.

        `fields_json` is about the spans, `part_fields_json` about events or links: `{"key": …}` an attribute, with
        `"intrinsic": true` its own `time_ns`, `name`, `trace_id`, `span_id`, `trace_state`, `flags`,
        `dropped_attributes`, `attributes` (all as JSON). `max_rows`: of spans, and of parts. Raises as `gather`.
        """

    def gather_logs(
        self,
        tenant: str,
        filter_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        max_rows: int = 1_000_000,
        max_bytes: int = 1 << 30,
        timeout_ms: int = 0,
    ) -> LogTable:
        """Fields of all log records that the filter means and whose time lies in [start_ns, end_ns].

        A field has a scope: `log`, `resource` and `scope` are attributes, `intrinsic` are `time_ns`, `observed_ns`,
        `severity_number`, `severity_text`, `event_name`, `line`, `trace_id`, `span_id`, `flags`, `scope_name`,
        `scope_version`, `attributes` (all as JSON). Raises as `gather`.
        """

    def spans_of(
        self,
        tenant: str,
        trace_ids: bytes,
        fields_json: bytes,
        *,
        max_rows: int = 10_000_000,
        max_bytes: int = 1 << 30,
    ) -> SpanTable:
        """Fields of all spans of these traces (16 bytes each, one behind the other), in this order, those of a trace in
        pre-order. Raises as `gather`."""

    def told(
        self,
        tenant: str,
        trace_ids: bytes,
        filter_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        *,
        spans: int,
    ) -> Told:
        """What an answer tells of these traces (16 bytes each), in this order, without those of which the filter means
        nothing: fields (a JSON array) of the first `spans` by start of the spans that it means and that start in
        [start_ns, end_ns], one at least, and of the whole trace its times and services. Raises as `gather`."""

    def aggregate(
        self,
        tenant: str,
        filter_json: bytes,
        group_json: bytes,
        start_ns: int,
        end_ns: int,
        step_ns: int,
        value_json: bytes | None = None,
        kind: Literal["count", "sum", "histogram"] = "count",
        *,
        rollups: bool = True,
        top: tuple[int, bool] | None = None,
        max_cells: int = 1_000_000,
        timeout_ms: int = 0,
    ) -> Aggregate:
        """Count the spans that the filter means and that start in [start_ns, end_ns], by the values of some fields and by
        step.

        `rollups`: whether segments' roll-ups may answer where they can. `top`: how many groups are needed, in each step
        the largest (true) or the smallest; of equal ones those whose value comes first, or of the smallest last. Others
        may be left out. Raises as `gather`.
        """

    def compare(
        self,
        tenant: str,
        filter_json: bytes,
        selection_json: bytes,
        fields_json: bytes,
        start_ns: int,
        end_ns: int,
        step_ns: int,
        top: int,
        *,
        max_values: int = 100_000,
        max_values_in_all: int = 10_000_000,
        max_points: int = 20_000_000,
        timeout_ms: int = 0,
    ) -> Comparison:
        """Count the `top` most frequent values of each field, of the spans that the filter means and that start in
        [start_ns, end_ns]: of those that the selection means, too, and of those that it does not mean.

        Of a field with more than `max_values`, and of those with most while there are more than `max_values_in_all`,
        only the totals are told. Of values as frequent as the last one, numbers come first, by size, then texts. Raises
        as `gather`.
        """

    def tag_names(self, tenant: str, start_ns: int, end_ns: int, limit: int = 10_000) -> list[tuple[str, str, str]]:
        """Scope (span, resource, scope, event, link), key and type (string, int, double, bool, other) of the attributes
        in segments and log that overlap [start_ns, end_ns], sorted. Raises as `traces`."""

    def tag_values(
        self, tenant: str, field_json: bytes, filter_json: bytes, start_ns: int, end_ns: int, limit: int = 1000
    ) -> Column:
        """The distinct values of a field of spans that the filter means: a row for each, sorted by type and value.

        Without a filter (`{"all":[]}`) of everything stored together with spans that start in [start_ns, end_ns].
        Raises as `gather`.
        """

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

    def fetching(self, directory: str, fetch: Callable[[str], None], marker: str) -> Disk:
        """The same disk, some of whose files below `directory` are elsewhere.

        `fetch` is called with the path of one that is not here when somebody wants to read it: it puts it here, or raises
        FileNotFoundError or another OSError. While a real disk has the file `marker`, what is read gets a new
        modification time.
        """

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
    def left_out(self) -> int:
        """Items that a merge was told to leave out."""
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

def merge(
    disk: Disk,
    tenant: str,
    signal: Signal,
    paths: Sequence[str],
    *,
    without: bytes | None = None,
    only: bytes | None = None,
    least_severity: int = 2**31 - 1,
) -> Flushed:
    """Write what these segments hold into a new one, durable on return; none if nothing is left.

    `without`: leave the items of these traces out; `only`: leave all others out, but for log records of at least this
    severity. Both are trace ids, 16 bytes each. Raises OSError; ValueError for damaged segments.
    """

def may_hold(disk: Disk, path: str, trace_ids: bytes) -> bool:
    """Whether a segment may have items of one of these traces, by its index; False is certain.

    Raises OSError; ValueError for a damaged index.
    """

def verify_segment(disk: Disk, path: str) -> str:
    """What is wrong with a segment, after all of it was read; empty if nothing is. Raises OSError."""

def segment_summary(disk: Disk, path: str) -> bytes:
    """The JSON object with what a segment holds, out of its index. Raises OSError; ValueError for a damaged index."""

def read_segment(disk: Disk, path: str, signal: Signal) -> Batch:
    """All of a segment as a batch. Raises OSError; ValueError for a damaged one."""

# -- routing ------------------------------------------------------------------------------------

@final
class Router:
    """Splits batches by a key of each item and a ring: points sorted by position, each owned by somebody.

    The CRC-32 of the key modulo `modulus` belongs to the first point at or after it, or else to the first.
    """

    def __init__(
        self,
        key: Literal["traceID", "service", "resource", "metric", "streamID", "attributes"],
        modulus: int,
        positions: Sequence[int],
        owners: Sequence[int],
        *,
        attributes: Sequence[str] = (),
        bare: bool = False,
    ) -> None:
        """`attributes` are the names for that key. `bare`: services and attributes are hashed by their values alone, not
        as `service.name=NAME|`, and only if these are strings. Raises ValueError for a ring without points or out of
        order."""

    def split(self, batch: Batch) -> list[tuple[int, Batch]]:
        """The parts of a batch by owner; owners without items are left out.

        What has no key (a log record without trace id) goes to the next owner in turn, all of a batch to the same.
        """

    def owner_of(self, key: bytes) -> int:
        """Who owns a key, written as the router would."""

# -- remote write ---------------------------------------------------------------------------------

@final
class RemoteWriter:
    """OTLP metrics as Prometheus's remote write."""

    def __init__(
        self,
        options: bytes,
        version: Literal[1, 2],
        metadata: bool,
        metric_name: Callable[[str, str, bool, bool], str],
        label_name: Callable[[str], str],
    ) -> None:
        """`options`: JSON with `external_labels` ([[name, value], …] as series have them), `target_info` (its name, or
        empty), `scope_info`, `resource_labels`, `constant_labels`, `custom_buckets`, `classic_too`.

        `metric_name` gets name, unit, whether it is a sum that only grows, whether it is a gauge. Names are asked for
        once and remembered. Raises ValueError.
        """

    def write(
        self, batch: Batch, lanes: int, max_bytes: int
    ) -> tuple[int, list[list[tuple[bytes, int, int, int, int]]], list[tuple[int, str, str, int]]]:
        """The number of series; by lane, requests: body, data points, samples, native histograms, exemplars; and data
        points without translation: how many, the metric, why (`temporality`, `name`, `scale`), its scale.

        Raises whatever the callables raise.
        """

# -- probability sampling -------------------------------------------------------------------------

@final
class Sampler:
    """Keeps a part of spans or log records, each by its own randomness. See `Options` in rust/process/src/probability."""

    def __init__(
        self,
        mode: Literal["hash_seed", "proportional", "equalizing"],
        percentage: float,
        *,
        hash_seed: int,
        fail_closed: bool,
        precision: int,
        from_attribute: str,
        ignore_trace_id: bool,
        priority_attribute: str,
    ) -> None:
        """Raises ValueError for an unknown mode and a precision that isn't from 1 to 14."""

    def sample(self, batch: Batch) -> tuple[Batch, list[tuple[str, int, int]]]:
        """What stays, with what is now to be said about its sampling; and (source of randomness, stayed, left out).

        Sources are `missing_randomness`, `trace_id_hash`, `trace_id_w3c`, `sampling_randomness`, `attribute` and
        `sampling_priority`.
        """

# -- traces -------------------------------------------------------------------------------------

class BufferFull(RuntimeError):
    """No room in memory, and none on disk; the text has the figures."""

@final
class TraceBuffer:
    """Spans by trace until somebody decides about the whole trace; safe for threads. Times are microseconds that never
    go back; a fate is 0 not sampled, 1 sampled, 2 dropped."""

    def __init__(self, options: bytes, disk: Disk | None = None) -> None:
        """`options` is JSON: see `Options` in rust/process/src/traces/buffer.rs. `disk`: where the oldest go while
        memory is short. Raises ValueError for bad options and expressions."""

    def add(
        self, batch: Batch, now_us: int, *, journaled: tuple[int, int] | None = None, masks: Sequence[bytes] = ()
    ) -> AddedTraces:
        """Take a batch in, all or nothing. Raises BufferFull.

        `journaled`: its key in a queue and its number in the journal. `masks`: one per condition, one byte per span.
        """

    def make_room(self, size_bytes: int) -> None:
        """Spill until so many bytes would be taken. Raises BufferFull."""

    def due(self, now_us: int) -> TraceColumns:
        """Traces whose wait is over; each is answered once and stays until it is taken."""

    def touched(self) -> TraceColumns:
        """Traces to which something came since the last call, and that are not due."""

    def peek(self, columns: TraceColumns, row: int) -> Batch | None:
        """The spans of a row, which goes on waiting. Raises OSError."""

    def take(self, columns: TraceColumns, fates: bytes, now_us: int) -> TakenTraces:
        """Let go of the rows: one fate each, or 3 for those that go on waiting (only `touched` ones)."""

    def decisions(self) -> bytes:
        """What is remembered about traces that are gone, 17 bytes each (id, fate), oldest first."""

    def restore(self, decisions: bytes, now_us: int) -> None:
        """Remember what `decisions` gave."""

    def stats(self) -> dict[str, int]:
        """`traces` that wait, decisions `remembered`, `memory_bytes` and `disk_bytes` of what waits."""

@final
class TraceColumns:
    """One row per trace; each column's values one behind the other, little-endian, without padding."""

    def __len__(self) -> int: ...
    @property
    def trace_ids(self) -> bytes: ...
    @property
    def first_start_ns(self) -> bytes:
        """u64"""
    @property
    def last_end_ns(self) -> bytes:
        """u64"""
    @property
    def spans(self) -> bytes:
        """i64"""
    @property
    def size_bytes(self) -> bytes:
        """i64: encoded spans with the headers around them."""
    @property
    def status_codes(self) -> bytes:
        """u8, bit n: status code n was seen."""
    @property
    def flags(self) -> bytes:
        """u32, OR-ed."""
    @property
    def arrived_us(self) -> bytes:
        """u64"""
    @property
    def matches(self) -> bytes:
        """u8: all rows of the first matcher, then of the next; conditions behind them."""

@final
class AddedTraces:
    """What became of a batch."""

    @property
    def new_traces(self) -> int: ...
    @property
    def late(self) -> Batch | None:
        """Late spans of sampled traces, to be handed on."""
    @property
    def late_dropped_spans(self) -> int: ...
    @property
    def late_ages_us(self) -> list[int]:
        """Of each late part of a trace remembered by its id: time since the decision."""
    @property
    def cached_spans(self) -> tuple[int, int]:
        """Late spans decided by a cache: of sampled traces, of others."""
    @property
    def too_large(self) -> tuple[int, int]:
        """Traces and spans dropped because the trace became too large."""
    @property
    def finished(self) -> list[int]:
        """Keys of journaled batches of which nothing waits any more."""
    @property
    def pairs(self) -> bytes:
        """Trace id and number of a journaled batch, u64, 24 bytes: decided, while others of the batch wait."""

@final
class TakenTraces:
    """What was taken."""

    @property
    def batch(self) -> Batch | None:
        """The sampled: whole traces, one behind the other."""
    @property
    def dropped_spans(self) -> int: ...
    @property
    def unreadable_spans(self) -> int:
        """Of sampled traces, not read back from disk."""
    @property
    def unreadable(self) -> str:
        """Why; empty if all were."""
    @property
    def finished(self) -> list[int]:
        """As in `AddedTraces`."""
    @property
    def pairs(self) -> bytes:
        """As in `AddedTraces`."""

# -- edits and conditions -----------------------------------------------------------------------
# Programs are JSON; `otelier.ottl.forms` makes them, rust/process/src/edit/program.rs and condition/form.rs say what
# there is.

class EvaluationError(ValueError):
    """An expression has no value for some item. `args`: the number of the step or condition, and why."""

@final
class Edit:
    """A compiled program of edits of one signal."""

    def __init__(self, program: bytes) -> None:
        """Raises ValueError, which says what is wrong with the program."""

    def apply(self, batch: Batch) -> tuple[Batch, list[tuple[int, int, str]]]:
        """The edited batch, and for each step that failed: its number, how often, and why the first time.

        Segments in which nothing changes are shared. Raises EvaluationError for a step that must not fail.
        """

@final
class Condition:
    """A compiled condition about the items of one signal."""

    def __init__(self, program: bytes) -> None:
        """Raises ValueError, which says what is wrong with the program."""

    def mask(self, batch: Batch) -> tuple[bytes, list[tuple[int, int, str]]]:
        """One byte per item, 1 where one of the program's conditions holds; and for each that failed: its number, how
        often, and why the first time.

        Raises EvaluationError if none may fail.
        """

# -- regular expressions ------------------------------------------------------------------------

@final
class Pattern:
    """A regular expression of RE2's syntax, compiled: searches take linear time and aren't anchored.

    Raises ValueError, with the position, for what is none.
    """

    def __new__(cls, text: str) -> Pattern: ...
    @property
    def text(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]:
        """Of its groups, by number; "" for one without a name, such as group 0, the whole match."""
    def search(self, text: str) -> bool:
        """Does it match anywhere?"""
    def captures(self, text: str) -> tuple[str | None, ...] | None:
        """The groups of the first match, by number; None for a group that took no part. None if nothing matches."""
    def replace_all(self, text: str, template: str) -> str:
        """Replace each match by Go's template: `$1`, `${name}`, `$$`; a group that isn't there is empty."""
    def pieces(self, text: str, template: str) -> list[str]:
        """`text` cut at its matches: text, replacement, text, replacement, …, text."""

# -- metrics of spans ---------------------------------------------------------------------------

@final
class SpanMetrics:
    """Counts spans by service, name, kind, status and dimensions. Safe for threads."""

    def __new__(cls, options: bytes) -> SpanMetrics:
        """`options`: a JSON object, see rust/process/src/metrics/spans/options.rs. Raises ValueError for a wrong one."""
    def consume(self, batch: Batch, now_ns: int) -> None:
        """Count a batch of traces."""
    def flush(self, now_ns: int) -> Batch:
        """The metrics of now; empty if there are none. Cumulative sums begin with a point of 0."""
    def confirm(self, arrived: bool) -> None:
        """Delta: what became of the last flush. One that has not arrived comes again with the next."""
    def snapshot(self) -> bytes:
        """All series with their counts (docs/spec/aggregation-state.md), without a flush that nobody has confirmed."""
    def restore(self, snapshot: bytes) -> bool:
        """Take over a snapshot made with the same options; false, and no series, if it isn't one."""
    def stats(self) -> dict[str, int]:
        """Counters since the beginning: spans, without_service, overflowed, evicted_resources, expired_resources,
        expired_series. Sizes now: resources, series."""
    def has_unwritten(self) -> bool:
        """Whether there are series whose counts no flush has given yet."""

@final
class ServiceGraph:
    """Pairs client and server spans and counts the calls between services. Safe for threads."""

    def __new__(cls, options: bytes) -> ServiceGraph:
        """`options`: a JSON object, see rust/process/src/metrics/graph/options.rs. Raises ValueError for a wrong one."""
    def consume(self, batch: Batch, now_ns: int) -> None:
        """Count a batch of traces."""
    def finish(self, now_ns: int) -> None:
        """Count what waits for its pair as if its time were over."""
    def flush(self, now_ns: int) -> Batch:
        """The cumulative metrics of now; empty if there are none."""
    def confirm(self, arrived: bool) -> None:
        """Does nothing: cumulative metrics come again with every flush."""
    def snapshot(self) -> bytes:
        """All series, and spans that wait (docs/spec/aggregation-state.md)."""
    def restore(self, snapshot: bytes) -> bool:
        """Take over a snapshot made with the same options; false, and nothing changes, if it isn't one."""
    def stats(self) -> dict[str, int]:
        """Counters since the beginning: total_edges, expired_edges, dropped_spans, without_service, expired_series.
        Sizes now: series, waiting edges."""
    def has_unwritten(self) -> bool:
        """False: counts are given with a series' first point."""

# -- spans as columns ---------------------------------------------------------------------------
# All arrays are little endian, for numpy.frombuffer without a copy.

@final
class Column:
    """A field's values of many spans."""

    @property
    def tags(self) -> bytes:
        """u8 for each row: 0 absent, 1 string, 2 bool, 3 int, 4 double, 5 array, 6 other (map, bytes, empty value)."""
    @property
    def data(self) -> bytes:
        """8 bytes for each row: strings, arrays and others their place in `texts` (i64), bools 0 or 1, ints (i64; start_ns:
        u64), doubles (f64)."""
    @property
    def texts(self) -> list[str]:
        """Distinct strings; arrays and others as JSON."""
    @property
    def raw(self) -> bytes:
        """Of ids their bytes: 16 for each row of trace_id, 8 of span_id and parent_span_id, zeros for none; else empty."""
    def __len__(self) -> int: ...

@final
class SpanTable:
    """Spans, a row for each. Rows of a trace are neighbours."""

    @property
    def rows(self) -> int: ...
    @property
    def trace_codes(self) -> bytes:
        """u32 for each row: the place of its trace in `trace_ids`."""
    @property
    def trace_ids(self) -> bytes:
        """16 bytes for each trace."""
    @property
    def parents(self) -> bytes:
        """i32 for each row: its parent's row, -1 for none. Only of `spans_of`."""
    @property
    def descendants(self) -> bytes:
        """u32 for each row: so many of the next rows are below it. Only of `spans_of`."""
    @property
    def partial(self) -> str:
        """What ended the reading early: `rows`, `bytes`, `time`; empty if all is there."""
    @property
    def read(self) -> Mapping[str, int]:
        """How much was read: spans, hot_spans, files, row_groups, pages (reads of files), bytes, skipped_files,
        skipped_row_groups, rollup_files."""
    def column(self, number: int) -> Column:
        """In the order of the fields."""

@final
class PartTable:
    """Events or links, those of a span behind one another as they were sent."""

    @property
    def rows(self) -> int: ...
    @property
    def spans(self) -> SpanTable:
        """The spans that have some; its `partial` and `read` are for all."""
    @property
    def span_rows(self) -> bytes:
        """u32 for each row: its span's row in `spans`."""
    def column(self, number: int) -> Column:
        """In the order of the parts' fields."""

@final
class LogTable:
    """Log records, a row for each, in no order that is defined."""

    @property
    def rows(self) -> int: ...
    @property
    def partial(self) -> str:
        """What ended the reading early: `records`, `bytes`, `time`; empty if all is there."""
    @property
    def read(self) -> Mapping[str, int]:
        """How much was read: records (looked at), row_groups, skipped_row_groups, pages (reads of files), bytes."""
    def column(self, number: int) -> Column:
        """In the order of the fields. Attributes are texts."""

@final
class Aggregate:
    """Spans counted by group and step: an entry for each group and step that has some, sorted by both."""

    @property
    def groups(self) -> int: ...
    @property
    def group_columns(self) -> list[Column]:
        """For each group field its values, a row for each group."""
    @property
    def cell_groups(self) -> bytes:
        """u32 for each cell."""
    @property
    def cell_steps(self) -> bytes:
        """u32 for each cell: (start of span - start_ns) // step_ns."""
    @property
    def counts(self) -> bytes:
        """u64 for each cell: spans; if values are asked for, those that have a number."""
    @property
    def sums(self) -> bytes:
        """f64 for each cell; of kind sum and histogram. From roll-ups sums are within 1 %."""
    @property
    def mins(self) -> bytes:
        """f64 for each cell. From roll-ups a bound of the least value's bucket; so is the greatest."""
    @property
    def maxs(self) -> bytes: ...
    @property
    def bucket_offsets(self) -> bytes:
        """u64 for each cell and one more: where its buckets begin; of kind histogram."""
    @property
    def bucket_numbers(self) -> bytes:
        """i32: 0 of zero; k of values from 2^((k - 1)/64 - 1075) to below 2^(k/64 - 1075); -k the same below zero."""
    @property
    def bucket_counts(self) -> bytes:
        """u64."""
    @property
    def partial(self) -> str:
        """What ended the counting early: `cells`, `time`; empty if all is counted."""
    @property
    def read(self) -> Mapping[str, int]:
        """As in `SpanTable`."""

class Comparison:
    """Fields of spans outside (first) and inside of a selection, as they were asked for."""

    def __len__(self) -> int: ...
    def values(self, field: int) -> Column:
        """Those that are told, a row for each: of the first side, then of the second. Raises IndexError."""
    def of_first(self, field: int) -> int:
        """How many of them are of the first side."""
    def counts(self, field: int) -> bytes:
        """u64 for each value and step: spans."""
    def totals(self, field: int) -> bytes:
        """u64 for each side and step: spans that have a value."""
    def cut(self, field: int) -> bool:
        """Whether there are more values than are told."""
    @property
    def partial(self) -> str:
        """What ended the counting early: `time`, or `points`; then there are no fields. Empty if all is counted."""
    @property
    def read(self) -> Mapping[str, int]:
        """As in `SpanTable`."""

# -- logs ---------------------------------------------------------------------------------------

LogRecordTuple: TypeAlias = tuple[int, int, int, str, str, str, str, str, int, list[tuple[str, str]], int, int]
"""As `otelier.query.log_labels.Record`: time, observed time, severity number and text, event name, line, trace id, span
id, flags, attributes, number of the resource, number of the scope."""
LogScopeTuple: TypeAlias = tuple[str, str, list[tuple[str, str]]]
"""Name, version, attributes."""
LogsLooked: TypeAlias = tuple[int, int, int, bool, int]
"""Records looked at; row groups with records in the time range; how many of them were ruled out without looking at
records; whether there was more to look at than allowed, or than there was time for; bytes that were gone through, as files
have them."""

@final
class Words:
    """Some words, to be found in lines: in any order, in either case, each as a whole; of Hangul, Han and Kana parts."""

    def __new__(cls, text: str) -> Words: ...
    def found_in(self, line: str) -> bool:
        """Whether all of them are in it."""

# -- scraping -----------------------------------------------------------------------------------

@final
class Scraped:
    """What a scrape comes to."""

    scraped: int
    """Samples in the answer."""
    kept: int
    """Of these, after relabelling."""
    added: int
    """Of these, of series that were not in the scrape before."""
    duplicates: int
    """Left out, because another of the same series came before."""

    samples: Samples
    otlp: bytes
    """An `ExportMetricsServiceRequest`, if that was asked for."""

@final
class ScrapeCache:
    """What one target has exposed before. Any thread; a scrape is `read`, `learn`, `finish`, or ends in `fail`."""

    def __init__(
        self,
        reports: Sequence[Sequence[tuple[str, str]]],
        *,
        resource: Sequence[tuple[str, str]] | None = None,
        trim: bool = False,
    ) -> None:
        """`resource`: attributes of the target; then OTLP is made instead of samples, and `trim` takes units and `_total`
        from names. `reports`: labels of up, scrape_duration_seconds, scrape_samples_scraped,
        scrape_samples_post_metric_relabeling, scrape_series_added, and of what `extra` has more."""

    def read(
        self,
        answer: Fetched | bytes,
        format: Literal["text", "openmetrics", "protobuf"],
        *,
        native: bool = False,
        classic: bool = False,
    ) -> list[list[tuple[str, str]]]:
        """Parse an answer; labels of the series that were never seen, `__name__` first, for `learn`.

        `native`: take native histograms; `classic`: their classic buckets, too. Raises ValueError with the line.
        """

    def learn(self, labels: Sequence[Sequence[tuple[str, str]] | None]) -> None:
        """What each of these is stored as; None drops it."""

    def finish(
        self,
        now_ms: int,
        duration_s: float,
        extra: Sequence[float],
        *,
        honor_timestamps: bool = True,
        track_timestamps: bool = False,
        sample_limit: int = 0,
        bucket_limit: int = 0,
        max_schema: int | None = None,
        metadata: bool = False,
    ) -> Scraped:
        """The samples, stale markers for what has gone, and the reports. Raises ValueError where a limit is exceeded."""

    def fail(self, now_ms: int, duration_s: float, extra: Sequence[float]) -> Scraped:
        """The scrape has failed: stale markers for all that was there, and `up` of 0."""

    def end(self, now_ms: int) -> Scraped:
        """The target has gone: stale markers for all."""

    def metadata(self) -> list[tuple[str, str, str, str]]:
        """Family, type, help, unit."""

@final
class Fetched:
    """What came of one request."""

    token: int
    took_s: float
    error: str | None
    """Why there is no answer."""
    status: int
    content_type: str

    def __len__(self) -> int:
        """Bytes of the body."""

@final
class Fetches:
    """Many GET requests at once, without a thread for each."""

    def __init__(self) -> None: ...
    def begin(
        self,
        client: HttpClient,
        token: int,
        url: str,
        headers: Sequence[tuple[str, str]],
        timeout_s: float,
        redirects: bool,
    ) -> None:
        """Returns at once. `redirects`: follow them."""

    def take(self, wait_s: float, gather_s: float) -> list[Fetched]:
        """What is done, up to 64 at once: waits `wait_s` for the first, then `gather_s` for more. After `close` nothing."""

    def close(self) -> None:
        """Whoever waits gets nothing."""

# ---- Prometheus' JSON ---------------------------------------------------------------------------------------------

_Labels: TypeAlias = tuple[tuple[str, str], ...]
_Cell: TypeAlias = tuple[int, int, float, float, Sequence[tuple[int, float, float, float]]]
"""A native histogram: row, column, count, sum, and (rule, lower, upper, count) of each bucket."""

def matrix_json(
    labels: LabelSets,
    times_ms: bytes,
    values: bytes,
    present: bytes | None,
    histograms: Sequence[_Cell],
    around: tuple[bytes, bytes],
) -> Body:
    """The elements of a matrix's `result`, with commas between them, and what is given around them. times_ms: (m,)
    int64; values: (n, m) float64; present: (n, m) bool, None if all are; histograms by row and column. ValueError: the
    shapes differ."""

def vector_json(
    labels: LabelSets, time_ms: int, values: bytes, histograms: Sequence[_Cell], around: tuple[bytes, bytes]
) -> Body:
    """The same of a vector at one moment, where m is 1 and all that is no histogram counts."""

# -- metrics, written ------------------------------------------------------------------------------

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""(name, value) in the order of names, `__name__` among them; no value is empty."""

@final
class Samples:
    """What came in of metrics at one time, parsed and not stored yet. Immutable; joins copy nothing."""

    @staticmethod
    def of_remote_write(body: bytes, version: Literal[1, 2]) -> Samples:
        """A request of remote write, not compressed any more.

        Raises ValueError if it can't be read. What is wrong with a single series leaves out that one; see `refused`.
        """

    @staticmethod
    def of_request(request: HttpRequest, version: Literal[1, 2]) -> Samples:
        """The same of a request's body, without a copy of it."""

    @staticmethod
    def of_arrays(labels: Sequence[Sequence[tuple[str, str]]], times_ms: bytes, values: bytes) -> Samples:
        """One sample for each label set, which may be in any order; int64 and float64 as numpy has them.

        Raises ValueError for arrays of another length, label sets without a name, or with the same label twice.
        """

    @staticmethod
    def joined(parts: Sequence[Samples]) -> Samples:
        """All of them, in this order."""

    @property
    def samples(self) -> int: ...
    @property
    def histograms(self) -> int:
        """Native ones."""
    @property
    def exemplars(self) -> int: ...
    @property
    def series(self) -> int:
        """One that stands in two places counts twice."""
    @property
    def refused(self) -> list[tuple[str, str, int]]:
        """What was left out: reason, the first series that it happened to, how many samples and histograms.

        Reasons: `missing_name`, `invalid_label`, `duplicate_label`, `invalid_symbol`, `no_samples` (series, not samples),
        `invalid_histogram`, `delta_limit`.
        """

    def contents(
        self,
    ) -> list[
        tuple[
            list[tuple[str, str]],
            list[tuple[str, str]],
            tuple[list[tuple[int, float]], list[tuple[int, bytes]], list[tuple[int, float, list[tuple[str, str]]]]],
        ]
    ]:
        """Series by series, to look at: labels, soft labels, and (ms, value) of samples, (ms, message) of histograms,
        (ms, value, labels) of exemplars.
        """

    def metadata(self) -> list[tuple[str, int, str, str]]:
        """Family, type as remote write numbers it, help, unit."""

@final
class Translator:
    """OTLP metrics as samples: series are called as by `RemoteWriter`, resource attributes stand beside them as soft labels.

    Deltas are added up, sums as well as histograms; what a series has added up to is forgotten when nothing came of it for
    long, and at a restart: then it begins at zero.
    """

    def __init__(
        self,
        options: bytes,
        metric_name: Callable[[str, str, bool, bool], str],
        label_name: Callable[[str], str],
    ) -> None:
        """As `RemoteWriter`; `options` may have `delta_max_series` (1 000 000) and `delta_idle_ms` (an hour). Raises
        ValueError.
        """

    def translate(self, batch: Batch, now_ms: int) -> tuple[Samples, list[tuple[int, str, str, int]], bool]:
        """`now_ms`: when it arrived. The list: data points without translation as `RemoteWriter.write` tells them;
        `temporality` are those that have none. The last: whether there are deltas. They count if `keep` is called before
        the next batch is translated.

        Deltas of more series than are remembered are in `Samples.refused`, as `delta_limit`. Raises whatever the callables
        raise, and ValueError for a batch too large for a record.
        """

    def keep(self) -> None:
        """What was translated last is stored."""

@final
class Appended:
    """What became of samples that were appended."""

    @property
    def samples(self) -> int:
        """Taken, folded ones among them."""
    @property
    def histograms(self) -> int: ...
    @property
    def exemplars(self) -> int: ...
    @property
    def folded(self) -> int:
        """Samples and histograms that went to the `__overflow__` series of their metric, which has too many."""
    @property
    def rejected(self) -> list[tuple[str, str, int]]:
        """As `Samples.refused`, which is in it; besides `too_old`, `too_far_in_future`, `series_limit`."""

@final
class SeriesLog:
    """The log of series. Format: docs/spec/metrics-log.md. As a `Log`, and knows which series are active."""

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
        max_series: int = 5_000_000,
        max_series_per_metric: int = 200_000,
        max_label_names: int = 5_000,
    ) -> None:
        """As `Log`. Of a tenant at most `max_series` are active, and of a metric `max_series_per_metric`: what is more
        is folded. A series that would make it more than `max_label_names` distinct names of labels is refused.
        """

    def append(self, tenant: str, samples: Samples, now_ms: int, oldest_ms: int, newest_ms: int) -> Appended:
        """Takes samples of `oldest_ms <= time <= newest_ms`; they are durable on return (`sync="commit"`).

        Raises as `Log.append` does, and keeps nothing then.
        """

    def active(self, tenant: str, limit: int) -> list[tuple[str, int]]:
        """Metrics with the most series that had samples in the last fifteen minutes, and how many."""

    def active_series(self, tenant: str) -> int: ...
    def rotate(self) -> int:
        """As `Log.rotate`."""

    def generations(self) -> list[tuple[int, int]]:
        """(number, bytes), oldest first; the open one is the last."""

    def retire(self, generation: int) -> None:
        """As `Log.retire`."""

    @property
    def unflushed_bytes(self) -> int:
        """Bytes of all generations and of what waits to be written."""
    @property
    def oldest_ns(self) -> int:
        """As `Log.oldest_ns`."""

    def counters(self) -> dict[str, int]:
        """As `Log.counters`."""

    def close(self) -> None:
        """Make everything durable, unless `sync` is "never", and end. Later appends raise OSError."""

# -- series: segments and reading ---------------------------------------------------------------

SeriesMatcher: TypeAlias = tuple[str, Literal["=", "!=", "=~", "!~"], str]
"""Name, operator, value. Regular expressions are RE2's and fit whole values; a label that a series lacks is empty."""
SeriesGroup: TypeAlias = tuple[LabelSets, bytes, memoryview, list[bytes | None] | None]
"""Series that have samples at the same moments: labels (n), times (m int64, ms), values (m × n float64, moment after
moment), and if there are native histograms, these (m × n, encoded `io.prometheus.write.v2.Histogram`): where one is,
the float does not count."""

class TooManySamples(ValueError):
    """A query asks for more samples than it may."""

@final
class SeriesFlushed:
    @property
    def segments(self) -> list[bytes]:
        """JSON objects: path, tenant, rows, series, samples, histograms, exemplars, bytes, min_ms, max_ms."""
    @property
    def samples(self) -> int:
        """Written, histograms included."""
    @property
    def damaged_bytes(self) -> int: ...
    @property
    def torn_bytes(self) -> int: ...

def flush_series(
    disk: Disk,
    log: SeriesLog,
    generations: Sequence[int],
    segments_dir: str,
    now_ns: int,
    window_ms: int = 7_200_000,
) -> SeriesFlushed:
    """Write sealed generations as segments, one for each tenant and window (UTC). Durable on return; manifest and
    generations are the caller's. OSError."""

def merge_series(disk: Disk, paths: Sequence[str], segments_dir: str, deleted: bytes, now_ns: int) -> list[bytes]:
    """Merge segments of a tenant, oldest first: later samples win. `deleted`: JSON list of tombstones `{matchers:
    [[name, operator, value], …], start_ms, end_ms}`, both ends included, or nothing. The new segment as in
    `SeriesFlushed.segments`; none if nothing is left. OSError; ValueError says what is damaged."""

def has_deleted_series(disk: Disk, path: str, deleted: bytes) -> bool:
    """Whether labels of a series in the segment fit one of the tombstones, as `merge_series` takes them; its samples
    may be of other times. OSError; ValueError says what is damaged."""

def verify_series(disk: Disk, path: str) -> list[str]:
    """Read every byte of a segment; what is wrong with it."""

def series_summary(disk: Disk, path: str) -> bytes:
    """A segment on disk as in `SeriesFlushed.segments`. ValueError if it is damaged."""

def series_files(path: str) -> list[str]:
    """The files that a segment can have, its index (`path`) first, which is written last; only some need be there."""

@final
class LabelSets(Sequence[Labels]):
    """Label sets of many series, which become tuples only where they are looked at. Immutable."""

    def __new__(cls, labels: Iterable[Labels]) -> LabelSets: ...
    def __len__(self) -> int: ...
    def __getitem__(self, at: SupportsIndex) -> Labels: ...  # pyright: ignore[reportIncompatibleMethodOverride]
    def __iter__(self) -> Iterator[Labels]: ...
    @staticmethod
    def joined(parts: Sequence[LabelSets]) -> LabelSets:
        """All of them, one behind the other."""
    def taken(self, places: bytes) -> LabelSets:
        """Some, in the order of `places` (int64). IndexError."""
    def without(self, names: Sequence[str]) -> tuple[LabelSets, bool]:
        """Without these labels, and whether each lost the same: then what was different still is."""
    def grouped(self, names: Sequence[str], excluded: bool) -> tuple[LabelSets, bytes]:
        """The distinct sets of these labels alone, or of all others if `excluded`, in the order in which they come first,
        and which of them each set has (int64)."""
    def are_distinct(self) -> bool:
        """No two are equal."""
    def order(self) -> bytes | None:
        """How they would be sorted as tuples (int64); None if they are."""
    def values(self, name: str) -> tuple[list[str], bytes]:
        """The distinct values of a label, empty for sets without it, and which of them each set has (int64)."""
    def having(self, name: str, value: str) -> list[int]:
        """The places of those with this label."""

@final
class SeriesView:
    """Segments and log as one, as of the newest refresh. Any number of threads. All questions raise StaleView (refresh
    and ask again), DamagedFile, OSError, and ValueError for what can't be asked."""

    def __new__(cls, disk: Disk, log_directory: str) -> SeriesView: ...
    def refresh(self, segments: Sequence[tuple[str, int, int, str]], retired: int) -> None:
        """Path, least and greatest time, tenant of each segment, oldest first: of equal timestamps in a series the later
        segment's counts, and the log's more than these. Generations up to `retired` are in segments."""
    def select(
        self,
        tenant: str,
        matchers: Sequence[SeriesMatcher],
        start_ms: int,
        end_ms: int,
        names: Sequence[str],
        max_samples: int,
    ) -> list[SeriesGroup]:
        """Samples of `start_ms < time <= end_ms`. A series that lacks one of `names`, or the name of a matcher, gets it
        from its resource's attributes. Raises TooManySamples."""
    def range(
        self,
        tenant: str,
        matchers: Sequence[SeriesMatcher],
        names: Sequence[str],
        function: str,
        steps: tuple[int, int, int, int],
        grouping: tuple[str, Sequence[str], bool] | None,
        max_samples: int,
    ) -> tuple[LabelSets, bytes, bytes | None, LabelSets, int] | None:
        """What the same series are worth at steps: the moment that the first one looks back from, how far they are
        apart, how many there are, and how far they look back, in milliseconds. `function` is one of range vectors, or
        empty for the current value. `grouping`: an aggregation's name, labels, and whether it is by all others.

        Labels, values (n or more, steps) float64, where there are any (n, steps) bool if not everywhere, the series
        that have any, and how many samples were read. None if the core can't tell: it does not know the function, or
        there are native histograms. Raises TooManySamples."""
    def series(
        self,
        tenant: str,
        selectors: Sequence[Sequence[SeriesMatcher]],
        start_ms: int,
        end_ms: int,
        names: Sequence[str],
        limit: int,
    ) -> list[Labels]:
        """Sorted label sets with samples in that time, both ends included, that fit one of the selectors; without
        selectors all. `limit` 0: all. So in the other look-ups."""
    def label_names(
        self, tenant: str, selectors: Sequence[Sequence[SeriesMatcher]], start_ms: int, end_ms: int, soft: bool
    ) -> list[str]:
        """Without selectors, those of all segments that overlap with the time; so are values."""
    def label_values(
        self,
        tenant: str,
        name: str,
        selectors: Sequence[Sequence[SeriesMatcher]],
        start_ms: int,
        end_ms: int,
        limit: int,
    ) -> list[str]: ...
    def exemplars(
        self,
        tenant: str,
        selectors: Sequence[Sequence[SeriesMatcher]],
        start_ms: int,
        end_ms: int,
        limit: int,
        naming: str,
    ) -> list[tuple[Labels, list[tuple[Labels, float, int]]]]:
        """By series, sorted: labels, value and time of each. `limit` counts exemplars. `naming`: only those with a
        label in whose value the text is; empty: all."""
    def metadata(self, tenant: str, metric: str, limit: int) -> list[tuple[str, str, str, str]]:
        """Family, type, help, unit, by family; all if `metric` is empty."""
    def statistics(self, tenant: str, limit: int) -> dict[str, object]:
        """Of series that were active in the last two hours before the newest sample: series, samples, label_pairs,
        min_ms, max_ms, and lists of (name, number), the largest first: by_metric, values_by_label, bytes_by_label,
        by_pair."""
    def hot_samples(self) -> dict[str, int]:
        """Samples of each tenant that are in the log alone."""
    def left_out(self) -> list[str]:
        """What is wrong with each segment that answers are made without."""

# -- Prometheus's own files ------------------------------------------------------------------------

@final
class PrometheusBlock:
    """A block of a Prometheus data directory: `directory` of a disk, with index, chunks and tombstones. One thread at a
    time. ValueError if nothing of it can be read: file, place and what is wrong; OSError."""

    def __new__(cls, disk: Disk, directory: str) -> PrometheusBlock: ...
    @property
    def range_ms(self) -> tuple[int, int] | None:
        """Times of the first and the last sample, as the index says; None if there are none."""
    def write(
        self, target: Disk, segments_dir: str, tenant: str, from_ms: int, to_ms: int, now_ns: int
    ) -> bytes | None:
        """Write samples of `from_ms <= time < to_ms` that are not deleted as a segment, durable on return; as in
        `SeriesFlushed.segments`. None if there are none. What can't be read is left out and noted. OSError; ValueError
        if the index has changed since it was opened."""
    def faults(self) -> tuple[int, list[str]]:
        """How many places could not be read, and the first ones: file, place, what is wrong."""

@final
class PrometheusLog:
    """The write-ahead log of the Prometheus data directory that is a disk's root: samples that are in no block yet, with
    checkpoint and samples out of order. One thread at a time. OSError."""

    def __new__(cls, disk: Disk) -> PrometheusLog: ...
    def read(self) -> Samples | None:
        """The next half a million or so that are not deleted, exemplars and metadata too; None at the end."""
    def faults(self) -> tuple[int, list[str]]:
        """As of `PrometheusBlock`."""

def prometheus_chunks(
    times_ms: bytes, values: bytes, histograms: Sequence[tuple[int, bytes]], most: int
) -> list[tuple[int, int, int, bytes]]:
    """Samples of a series, by ascending times, as chunks of at most `most` each: encoding (1: floats, 2, 3: histograms),
    first and last time, data. Times are int64, values float64; histograms are pairs of time and encoded
    `io.prometheus.write.v2.Histogram`. Chunks come by their first time."""

def crc32c(data: bytes) -> int:
    """The checksum of chunks and of streamed answers, CRC-32C."""

def prometheus_unpacked(encoding: int, data: bytes) -> tuple[bytes, bytes, list[tuple[int, bytes]]]:
    """What a chunk holds, as `prometheus_chunks` takes it. ValueError if it can't be read."""

@final
class Backfill:
    """Reads samples with timestamps in OpenMetrics text, part by part."""

    def __new__(cls) -> Backfill: ...
    def read(self, lines: bytes) -> Samples:
        """The next lines, all of them whole. ValueError with the line."""
    @property
    def ended(self) -> bool:
        """Whether `# EOF` came."""

@final
class SamplesToOtlp:
    """Samples of remote writes as OTLP. Knows what `target_info` said of the last thousand targets. Any thread."""

    def __new__(cls) -> SamplesToOtlp: ...
    def translate(self, samples: Samples) -> tuple[bytes, int]:
        """An `ExportMetricsServiceRequest`, empty if there is nothing to say, and how many histograms are not in it because
        they are gauges, which OTLP has not."""

# -- told: what a search found, as columns ----------------------------------------------------

@final
class Told:
    """What `View.told` answers."""

    @property
    def read(self) -> Mapping[str, int]:
        """As in SpanTable."""
    def __len__(self) -> int: ...
    def traces(self) -> list[tuple[bytes, int, int, list[tuple[str, int, int]], int, int, int]]:
        """Id, start and end, services (by name; empty if a resource names none) with spans and errors, how many spans
        the filter means, and of those that are told the first row and the one behind the last."""
    def column(self, number: int) -> Column:
        """In the order of the fields. A trace's rows are in the order of starts."""
    def tempo_json(
        self,
        fixed: tuple[int, int, int, int, int, int],
        shown: list[tuple[str, int, str]],
        spans: int,
        /,
        *,
        metrics: bytes,
    ) -> bytes:
        """Tempo's `SearchResponse`; `metrics` is the JSON of its member.

        `fixed`: columns of start_ns, duration_ns, name, span_id, root_service, root_name. `shown`: keys of attributes
        with column and kind: `duration`, `kind`, `status`, `id`, `optional id`, else empty. `spans`: of each trace so
        many; 0: no spansets. Raises ValueError if there are no such columns.
        """
    def tempo_protobuf(
        self,
        fixed: tuple[int, int, int, int, int, int],
        shown: list[tuple[str, int, str]],
        spans: int,
        /,
        *,
        part_bytes: int,
    ) -> list[bytes]:
        """The same on the wire, as messages of about so many bytes without `metrics`; none of no traces."""
