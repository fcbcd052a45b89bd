"""One batch on its way: translated once, spread over lanes by series, each lane's requests one after the other."""

import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ..._core import snappy
from ...component import Context, Permanent, Retryable
from ...sending import HttpPoster, Sent
from ...telemetry import Batch
from ...wire.prometheus import CONTENT_TYPES, VERSION_HEADERS, Options, Request, Writer
from .config import RemoteWriteConfig


@dataclass(slots=True)
class _UnderWay:
    """A batch that is not sent whole yet."""

    batch: Batch
    lanes: list[deque[Request]]
    refused: int
    """Data points that won't arrive: without translation, or in a request that was rejected."""
    reason: str
    rejections: list[Permanent] = field(default_factory=list[Permanent])
    """Of single requests; the others go on."""


class Lanes:
    """Sends batches one at a time (the send path has one consumer)."""

    def __init__(self, ctx: Context, cfg: RemoteWriteConfig) -> None:
        """Raises ValueError for bad options or files."""
        self._ctx, self._cfg = ctx, cfg
        self._lock = threading.Lock()
        self._books = threading.Lock()
        self._poster = HttpPoster(ctx.clock, cfg)
        self._count = cfg.max_batch_request_parallelism or cfg.remote_write_queue.num_consumers
        self._threads = ThreadPoolExecutor(self._count, f"otelier:{ctx.id}:lane")
        self._under_way: _UnderWay | None = None
        options = Options(
            external_labels=cfg.external_labels,
            target_info=cfg.target_info.enabled,
            scope_info=not cfg.disable_scope_info,
            resource_labels=cfg.resource_to_telemetry_conversion.enabled,
            constant_labels=cfg.resource_constant_labels,
            custom_buckets=cfg.convert_explicit_histograms_to_nhcb,
            classic_too=cfg.keep_classic_histograms,
        )
        self._writer = Writer(cfg.translation, options, cfg.version, metadata=cfg.send_metadata)
        self._instruments()

    def send(self, batch: Batch, timeout_s: float) -> Sent:
        """Send what is left of a batch. Raises Retryable if something still is, Permanent if nothing was taken."""
        with self._lock:  # without a queue, senders come on threads of their own
            if self._under_way is None or self._under_way.batch is not batch:
                self._under_way = self._translated(batch)
            under_way = self._under_way
            headers = self._headers(batch)
            limit_s = min(self._cfg.timeout or timeout_s, timeout_s)
            lanes = [lane for lane in under_way.lanes if lane]
            self._settle([self._threads.submit(self._run, under_way, lane, headers, limit_s) for lane in lanes])
            self._under_way = None
        if under_way.rejections and under_way.refused >= batch.items:
            raise under_way.rejections[0]
        return Sent(under_way.refused, under_way.reason)

    def close(self) -> None:
        """Close all connections."""
        self._threads.shutdown(wait=False)
        self._poster.close()

    def _settle(self, futures: list[Future[None]]) -> None:
        """Wait for all lanes; raises Retryable if one is to go on later."""
        later = [error for future in futures if (error := future.exception())]
        for error in later:
            if not isinstance(error, Retryable):
                raise error
        waits = [error.after_s for error in later if isinstance(error, Retryable) and error.after_s is not None]
        if later:
            raise Retryable(str(later[0]), after_s=max(waits, default=None))

    def _translated(self, batch: Batch) -> _UnderWay:
        written = self._writer.write(batch, self._count, self._cfg.max_batch_size_bytes)
        if written.refused:
            self._failed.add(written.refused)
            self._ctx.log.warning("%d data points have no translation: %s", written.refused, written.reason)
        self._series.add(written.series)
        return _UnderWay(batch, [deque(lane) for lane in written.lanes], written.refused, written.reason)

    def _run(self, under_way: _UnderWay, lane: deque[Request], headers: list[tuple[str, str]], limit_s: float) -> None:
        while lane:
            request = lane[0]
            try:
                self._poster.post(self._cfg.endpoint, headers, snappy(request.body), limit_s)
            except Permanent as error:
                with self._books:
                    under_way.rejections.append(error)
                    under_way.refused += request.points
                    under_way.reason = str(error)
            else:
                self._written(request)
            lane.popleft()

    def _headers(self, batch: Batch) -> list[tuple[str, str]]:
        version = self._cfg.version
        headers = [
            ("Content-Type", CONTENT_TYPES[version]),
            ("Content-Encoding", "snappy"),
            ("X-Prometheus-Remote-Write-Version", VERSION_HEADERS[version]),
        ]
        metadata = batch.metadata
        for key in self._cfg.include_metadata_keys:
            headers += [(key, value) for value in metadata.get(key.lower(), ())]
        return headers

    # -- telemetry ----------------------------------------------------------------------------

    def _instruments(self) -> None:
        labels = {"exporter": str(self._ctx.id)}

        def counter(name: str, unit: str, text: str) -> Any:
            full = f"otelcol_exporter_prometheusremotewrite_{name}"
            return self._ctx.meter.counter(full, unit, text).bind(**labels)

        self._series = counter("translated_time_series", "{series}", "Series that batches were translated into.")
        self._failed = counter("failed_translations", "{point}", "Data points without a translation.")
        self._batches = counter("sent_batches", "{request}", "Requests that were taken.")
        self._samples = counter("written_samples", "{sample}", "Samples taken.")
        self._histograms = counter("written_histograms", "{histogram}", "Native histograms taken.")
        self._exemplars = counter("written_exemplars", "{exemplar}", "Exemplars taken.")

    def _written(self, request: Request) -> None:
        self._batches.add(1)
        self._samples.add(request.samples)
        self._histograms.add(request.histograms)
        self._exemplars.add(request.exemplars)
