"""debug: print what arrives.

One block of text per batch, written at once. Whatever telemetry holds, it can't steer the terminal: characters
that are not printable are shown as escapes. The end of its pipeline: what it took counts as stored.
"""

from collections.abc import Iterable
from typing import Literal

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from ...component import Config, Custody, CustodyKind, Duration, Exporter, Permanent, StartError, exporter
from ...sending import QueueSettings, RetrySettings, SendPath, SendSettings, Sent
from ...telemetry import Batch, Signal, item_name
from . import detailed, normal
from .output import Output, Sampler

_REQUESTS: dict[Signal, type[normal.Request]] = {
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
    "logs": ExportLogsServiceRequest,
}


class DebugConfig(Config):
    """Keys of `debug`."""

    verbosity: Literal["basic", "normal", "detailed"] = "basic"
    """basic: a line per batch; normal: a line per item; detailed: everything."""
    sampling_initial: int = 2
    """Batches printed each second before sampling begins."""
    sampling_thereafter: int = 1
    """Of those after that, print one in so many; 1 = all, 0 = none."""
    use_internal_logger: bool = True
    """Print through Otelier's own log; otherwise to `output_paths`."""
    output_paths: tuple[str, ...] = ("stdout",)
    """stdout, stderr, or files to add to."""
    sending_queue: QueueSettings | None = None
    """Print later, on threads of the exporter; off unless given."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges."""
        for key in ("sampling_initial", "sampling_thereafter"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"
        if not self.output_paths:
            yield "output_paths", "must name at least one of stdout, stderr or a file"


@exporter("debug", stability="beta", signals={"traces", "metrics", "logs"})
class Debug(Exporter):
    """The component."""

    cfg: DebugConfig

    def setup(self) -> None:
        """No I/O yet."""
        self._output: Output | None = None
        self._sampler = Sampler(self.cfg.sampling_initial, self.cfg.sampling_thereafter, self.ctx.clock)
        settings = SendSettings(
            timeout=Duration(0),
            retry_on_failure=RetrySettings(enabled=False),
            sending_queue=self.cfg.sending_queue or QueueSettings(enabled=False),
        )
        self._path = SendPath(self.ctx, settings, self._send, answers=Custody(CustodyKind.STORES))

    def start(self) -> None:
        """Open the files of `output_paths`."""
        if not self.cfg.use_internal_logger:
            try:
                self._output = Output(self.cfg.output_paths)
            except OSError as error:
                raise StartError(f"output_paths: {error}") from error
        elif self.cfg.output_paths != ("stdout",):
            self.ctx.log.warning("output_paths counts only with use_internal_logger: false")
        self._path.start()

    def consume(self, batch: Batch) -> None:
        """Print, or queue if there is a queue."""
        self._path.consume(batch)

    def prepare_stop(self, deadline: float) -> None:
        """Waits and retries end by then."""
        self._path.prepare_stop(deadline)

    def stop(self, deadline: float) -> None:
        """Print what waits."""
        self._path.stop(deadline)
        if self._output:
            self._output.close()

    def custody(self) -> Custody:
        """The end of the pipeline."""
        return self._path.custody()

    def _send(self, batch: Batch, _timeout_s: float) -> Sent:
        if self._sampler.wants():
            block = "\n".join(render(batch, self.cfg.verbosity))
            if self._output is None:
                self.ctx.log.info("%s", block)
            else:
                try:
                    self._output.write(block + "\n")
                except OSError as error:
                    raise Permanent(f"can't print: {error}") from error
        return Sent()


def render(batch: Batch, verbosity: Literal["basic", "normal", "detailed"]) -> Iterable[str]:
    """The lines printed for a batch."""
    yield f"{batch.signal}: {batch.items} {item_name(batch.signal, batch.items)}, {batch.size_bytes} bytes"
    if verbosity == "basic":
        return
    request = _REQUESTS[batch.signal].FromString(batch.to_otlp())
    yield from normal.lines(request) if verbosity == "normal" else detailed.lines(request)
