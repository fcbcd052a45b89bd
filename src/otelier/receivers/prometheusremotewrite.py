"""prometheusremotewrite: take remote write 1.0 and 2.0 from Prometheus and others, and hand it on as OTLP metrics.

Counters become sums, native histograms exponential ones or, with custom buckets, histograms; `job` and `instance` and
what `target_info` says, of the last thousand targets, become attributes of the resource. Series of classic histograms
and summaries come one by one, so each is handed on as a gauge of its own name. Senders are answered when the pipelines
have answered: 204, 503 to try again, or 400 where that is no use.
"""

import math
from typing import Literal

from .._core import Samples, SamplesToOtlp
from ..component import OtelierError, Receiver, Rejected, Retryable, receiver
from ..server.address import Address
from ..server.endpoint import HttpEndpoint, Response
from ..server.http import HttpServerSettings
from ..server.remote_write import samples_of, version_of, written
from ..server.request import HttpError, Request
from ..server.router import Group, Route, Router, plain_error
from ..telemetry import Batch, Intake

_THREADS = 4
_BODY_BYTES = 20 * 2**20
_TEXT = (("content-type", "text/plain; charset=utf-8"),)


class PrometheusRemoteWriteReceiverConfig(HttpServerSettings):
    endpoint: str = "localhost:9090"
    """`host:port` to listen at, for posts to `/api/v1/write`; without a host: all addresses."""
    time_threshold: int = 0
    """Taken and ignored."""

    def gives_metadata(self) -> bool:
        return self.include_metadata


@receiver("prometheusremotewrite", signals=["metrics"], stability="beta")
class PrometheusRemoteWrite(Receiver):
    cfg: PrometheusRemoteWriteReceiverConfig

    def setup(self) -> None:
        self._translator = SamplesToOtlp()
        router = Router([Group([Route("POST", "/api/v1/write", self._write)], plain_error)])
        self._endpoint = HttpEndpoint(self.cfg, router, f"otelier:{self.ctx.id}", threads=_THREADS)
        self._labels = {"receiver": str(self.ctx.id), "transport": "http"}
        counter = self.ctx.meter.counter
        self._accepted = counter(
            "otelcol_receiver_accepted_metric_points", "{item}", "metric_points taken by the pipelines."
        )
        self._refused = counter(
            "otelcol_receiver_refused_metric_points", "{item}", "metric_points refused by the pipelines."
        )
        self._failed = counter(
            "otelcol_receiver_failed_metric_points", "{item}", "metric_points lost to an error inside Otelier."
        )
        self._dropped = counter(
            "otelier_receiver_dropped_points", "{item}", "Samples and histograms of requests left out, by reason."
        )

    def start(self) -> None:
        for warning in self.cfg.warnings():
            self.ctx.log.warning("%s", warning)
        self._endpoint.start()
        self.ctx.log.info("listening for remote write at %s", Address(*self.address))

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        return self._endpoint.address

    def stop(self, deadline: float) -> None:
        self._endpoint.stop(max(deadline - self.ctx.clock.monotonic(), 0.0))

    def _write(self, request: Request) -> Response:
        version, most_bytes = version_of(request), self.cfg.max_request_body_size or _BODY_BYTES
        samples = samples_of(request, version, most_bytes)
        encoded, gauges = self._translator.translate(samples)
        if encoded:
            batch = Intake.read("metrics", encoded, "protobuf").batch
            if self.cfg.include_metadata:
                batch = batch.with_metadata({name: (value,) for name, value in request.headers.items()})
            self._hand_on(batch)
        return self._answer(version, samples, gauges)

    def _answer(self, version: Literal[1, 2], samples: Samples, gauges: int) -> Response:
        headers = written(version, samples.samples, samples.histograms - gauges, samples.exemplars)
        left_out = [(reason, f", such as {example}", count) for reason, example, count in samples.refused]
        if gauges:
            left_out.append(("are histograms that are gauges, which OTLP has not", "", gauges))
        if not left_out:
            return Response(204, headers)
        for reason, _, count in left_out:
            self._dropped.add(count, reason=reason, **self._labels)
        text = "; ".join(f"{count} {reason}{example}" for reason, example, count in left_out)
        return Response(400, (*_TEXT, *headers), f"{text}; all others are taken\n".encode())

    def _hand_on(self, batch: Batch) -> None:
        """Raises HttpError."""
        try:
            self.outputs["metrics"].consume(batch)
        except Retryable as error:
            self._refused.add(batch.items, **self._labels)
            wait_s = max(math.ceil(error.after_s or 1), 1)
            raise HttpError(503, str(error), (("retry-after", str(wait_s)),)) from error
        except Rejected as error:
            self._accepted.add(batch.items - error.items, **self._labels)
            self._refused.add(error.items, **self._labels)
            raise HttpError(400, str(error)) from error
        except OtelierError as error:
            self._refused.add(batch.items, **self._labels)
            raise HttpError(400, str(error)) from error
        except BaseException as error:
            # Not 500: a sender would come back with the same for ever.
            self._failed.add(batch.items, **self._labels)
            self.ctx.log.exception("a component failed on %d points", batch.items)
            raise HttpError(400, "internal error: see the log of the receiver") from error
        else:
            self._accepted.add(batch.items, **self._labels)
