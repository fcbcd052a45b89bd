"""Keys of `prometheusremotewrite`."""

from collections.abc import Iterable
from typing import Annotated, Literal

from msgspec import Meta

from ...component import ComponentID, Config, Duration
from ...sending import HttpClientSettings, QueueSettings, RetrySettings, SendSettings, url_problem
from ...wire.prometheus import Strategy, Translation

_V2 = "io.prometheus.write.v2.Request"


class RemoteWriteQueue(Config):
    """`remote_write_queue`: what was accepted and Prometheus has not taken yet."""

    enabled: bool = True
    """Answer the sender when the data is in the queue; otherwise only when Prometheus has taken it."""
    queue_size: Annotated[int, Meta(gt=0)] = 10_000
    """Most requests (batches as they came) that may wait."""
    num_consumers: Annotated[int, Meta(gt=0)] = 5
    """Requests under way at once. A series is always sent by the same of them, so its samples stay in order."""
    storage: ComponentID | None = None
    """Otelier's addition: extension that keeps the queue on disk, such as `file_storage`."""


class TargetInfo(Config):
    """`target_info`: a series of each resource with what else is known of it."""

    enabled: bool = True
    """Send it."""


class ResourceToTelemetry(Config):
    """`resource_to_telemetry_conversion`: resource attributes on every series."""

    enabled: bool = False
    """Make labels of all resource attributes; usually far too many."""


class WriteAheadLog(Config):
    """`wal`: the Collector's own way to keep the queue on disk."""

    directory: str = ""
    """Not taken: see `remote_write_queue.storage`."""
    buffer_size: int = 300
    """Not taken."""
    truncate_frequency: Duration = Duration(60)
    """Not taken."""
    lag_record_frequency: Duration = Duration(15)
    """Not taken."""


class RemoteWriteConfig(HttpClientSettings):
    """Keys of `prometheusremotewrite`."""

    endpoint: str
    """URL that takes remote write, such as http://prometheus:9090/api/v1/write."""
    timeout: Duration = Duration(5)
    """Longest time of one attempt; 0 = no limit."""
    compression: str = "snappy"
    """Only snappy: remote write knows no other."""
    retry_on_failure: RetrySettings = RetrySettings(initial_interval=Duration(0.05))
    """Offer again what Prometheus could not take just now."""
    namespace: str = ""
    """Put in front of every metric's name."""
    external_labels: dict[str, str] = {}  # noqa: RUF012 (msgspec copies it)
    """Labels of every series that does not have them already."""
    remote_write_queue: RemoteWriteQueue = RemoteWriteQueue()
    """Hold what was accepted until Prometheus took it."""
    resource_to_telemetry_conversion: ResourceToTelemetry = ResourceToTelemetry()
    """Resource attributes on every series."""
    resource_constant_labels: tuple[str, ...] = ()
    """Resource attributes (keys) that become labels of every series."""
    target_info: TargetInfo = TargetInfo()
    """A series of each resource."""
    max_batch_size_bytes: Annotated[int, Meta(gt=0)] = 3_000_000
    """Encoded bytes (before compression) after which a request is closed."""
    max_batch_request_parallelism: Annotated[int, Meta(gt=0)] | None = None
    """Requests of one batch under way at once; default: `num_consumers`."""
    add_metric_suffixes: bool = True
    """Add the unit and `_total` to names; see `translation_strategy`."""
    translation_strategy: Strategy | None = None
    """What becomes of names; default: UnderscoreEscapingWithSuffixes, or without as `add_metric_suffixes` says."""
    send_metadata: bool = False
    """Send type, unit and description of metrics (remote write 2.0 always does)."""
    disable_scope_info: bool = False
    """Leave out `otel_scope_name` and its like."""
    protobuf_message: Literal["prometheus.WriteRequest", "io.prometheus.write.v2.Request"] = "prometheus.WriteRequest"
    """Remote write 1.0 or 2.0."""
    convert_explicit_histograms_to_nhcb: bool = False
    """Send explicit histograms as native ones with custom buckets."""
    keep_classic_histograms: bool = False
    """With that, send the classic series, too."""
    include_metadata_keys: tuple[str, ...] = ()
    """Client metadata (keys in any case) that goes along as headers; batches are told apart by it."""
    wal: WriteAheadLog | None = None
    """Not taken: name an extension under `remote_write_queue.storage`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The URL, and keys that have another place here."""
        yield from super().problems()
        if problem := url_problem(self.endpoint):
            yield "endpoint", problem
        if self.compression != "snappy":
            yield "compression", "must be snappy: remote write knows no other"
        if self.wal and self.wal.directory:
            message = "not taken: add a file_storage extension and name it under remote_write_queue.storage"
            yield "wal", f"{message}, which keeps on disk what waits"
        if self.sending_queue != QueueSettings():
            yield "sending_queue", "not taken here: set remote_write_queue"
        if any(not key for key in self.external_labels):
            yield "external_labels", "a label needs a name"
        if not self.translation.escapes and self.version == 1:
            yield "translation_strategy", f"{self.translation_strategy} needs protobuf_message: {_V2}"
        if self.translation_strategy and not self.add_metric_suffixes and self._strategy_adds_suffixes:
            yield "add_metric_suffixes", f"contradicts translation_strategy: {self.translation_strategy}"

    def reads_metadata(self) -> bool:
        return bool(self.include_metadata_keys)

    @property
    def _strategy_adds_suffixes(self) -> bool:
        return bool(self.translation_strategy) and str(self.translation_strategy).endswith("WithSuffixes")

    @property
    def translation(self) -> Translation:
        """How names come about."""
        usual: Strategy = (
            "UnderscoreEscapingWithSuffixes" if self.add_metric_suffixes else "UnderscoreEscapingWithoutSuffixes"
        )
        return Translation(self.namespace, self.translation_strategy or usual)

    @property
    def version(self) -> Literal[1, 2]:
        """Of remote write."""
        return 2 if self.protobuf_message == _V2 else 1

    @property
    def send_settings(self) -> SendSettings:
        """The queue, for the send path: one consumer takes batches in order, and spreads each over its requests."""
        queue = self.remote_write_queue
        return SendSettings(
            timeout=Duration(0),  # each request has its own
            retry_on_failure=self.retry_on_failure,
            sending_queue=QueueSettings(
                enabled=queue.enabled, queue_size=queue.queue_size, num_consumers=1, storage=queue.storage
            ),
        )
