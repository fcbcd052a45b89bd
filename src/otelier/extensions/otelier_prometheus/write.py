"""Writes over HTTP: remote write 1.0 and 2.0, and OTLP. What is answered with success is on disk.

Of a request in which some samples can't be kept the others are; then remote write answers 400, so that it is not sent
again, and says how many were written. Formats: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/,
https://opentelemetry.io/docs/specs/otlp/#otlphttp.
"""

import math
from collections.abc import Generator
from contextlib import contextmanager

import msgspec

from ...component import Permanent, Retryable
from ...server.endpoint import Response
from ...server.remote_write import PROTOBUF, samples_of, version_of, written
from ...server.request import HttpError, Request
from ...server.router import Group, Route, plain_error
from ...storage.metrics import MetricsEngine
from ...storage.metrics.engine import Kept
from ...storage.request_tenant import tenant
from ...telemetry import DecodeError, Intake
from ...wire.protobuf import integer, length_delimited, text

_JSON = "application/json"
_TEXT = (("content-type", "text/plain; charset=utf-8"),)
_MOST_BYTES = 64 * 2**20
_LIMIT = "x-otelier-max-bytes"
"""What whoever passes requests on takes, decompressed."""


class Writes:
    """The routes over an engine."""

    def __init__(self, engine: MetricsEngine) -> None:
        self._engine = engine

    def group(self) -> Group:
        """Both."""
        routes = [
            Route("POST", "/api/v1/write", self.remote_write),
            Route("POST", "/api/v1/otlp/v1/metrics", self.otlp),
        ]
        return Group(routes, plain_error)

    def remote_write(self, request: Request) -> Response:
        """204; 400 for what can't be read, and if a part could not be kept; 415 for another message; 503 for later."""
        version, owner = version_of(request), tenant(request)
        _check_size(request)
        samples = samples_of(request, version, _MOST_BYTES)
        with _later():
            done = self._engine.append(owner, samples)
        headers = written(version, done.samples, done.histograms, done.exemplars)
        if not done.rejected:
            return Response(204, headers)
        text = "; ".join(f"{count} {reason}, such as {example}" for reason, example, count in done.rejected)
        return Response(400, (*_TEXT, *headers), f"{text}; all others are written\n".encode())

    def otlp(self, request: Request) -> Response:
        """200, with partial success if a part could not be kept; 400 for what can't be read; 503 for later."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in (PROTOBUF, _JSON):
            raise HttpError(400, f"content type {kind!r} is not taken: use {PROTOBUF} or {_JSON}")
        owner = tenant(request)
        _check_size(request)
        try:
            intake = Intake.read("metrics", request.body, "json" if kind == _JSON else "protobuf")
        except DecodeError as error:
            raise HttpError(400, f"not a request with metrics: {error}") from error
        with _later():
            kept = self._engine.append_otlp(owner, intake.batch)
        return Response(200, (("content-type", kind),), _as_json(kept) if kind == _JSON else _as_protobuf(kept))


def _check_size(request: Request) -> None:
    """Raises HttpError."""
    limit = request.headers.get(_LIMIT)
    if limit and request.native.size > int(limit):
        raise HttpError(413, f"larger than {limit} bytes: send smaller requests, or raise max_request_body_size")


@contextmanager
def _later() -> Generator[None]:
    """503 and not 429, which senders take for a reason to give up."""
    try:
        yield
    except Retryable as error:
        wait_s = max(math.ceil(error.after_s or 1), 1)
        raise HttpError(503, str(error), (("retry-after", str(wait_s)),)) from error
    except Permanent as error:
        raise HttpError(413, str(error)) from error


def _as_json(kept: Kept) -> bytes:
    if not kept.rejected:
        return b"{}"
    # 64-bit numbers are text in protobuf's JSON.
    return msgspec.json.encode(
        {"partialSuccess": {"rejectedDataPoints": str(kept.rejected), "errorMessage": kept.reason}}
    )


def _as_protobuf(kept: Kept) -> bytes:
    """ExportMetricsServiceResponse: partial_success = 1 {rejected_data_points = 1, error_message = 2}."""
    if not kept.rejected:
        return b""
    return length_delimited(1, integer(1, kept.rejected) + text(2, kept.reason))
