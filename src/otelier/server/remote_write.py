"""Remote write as it comes over HTTP, 1.0 and 2.0: which of them it is, what it holds, what is answered.

Format: https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/.
"""

from typing import Literal

from .._core import Samples, unsnappy
from .endpoint import Headers
from .request import HttpError, Request

PROTOBUF = "application/x-protobuf"
_MESSAGES: dict[str, Literal[1, 2]] = {"prometheus.WriteRequest": 1, "io.prometheus.write.v2.Request": 2}


def version_of(request: Request) -> Literal[1, 2]:
    """By the message that the content type names. Raises HttpError."""
    kind, *parameters = (each.strip() for each in request.headers.get("content-type", "").split(";"))
    if kind.lower() not in ("", PROTOBUF):
        raise HttpError(415, f"content type {kind!r} is not taken: use {PROTOBUF}")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "proto":
            message = value.strip().strip('"')
            if message not in _MESSAGES:
                raise HttpError(415, f"message {message!r} is not taken: use {' or '.join(_MESSAGES)}")
            return _MESSAGES[message]
    return 1


def samples_of(request: Request, version: Literal[1, 2], most_bytes: int) -> Samples:
    """What the body holds; it may be compressed without saying so, as Prometheus allows, up to `most_bytes`.

    Raises HttpError.
    """
    try:
        return Samples.of_request(request.native, version)
    except ValueError as error:
        problem = error
    if "content-encoding" not in request.headers:
        try:
            return Samples.of_remote_write(unsnappy(request.body, most_bytes), version)
        except ValueError:
            pass
    raise HttpError(400, str(problem)) from problem


def written(version: Literal[1, 2], samples: int, histograms: int, exemplars: int) -> Headers:
    """Headers that say how much was taken; 1.0 has none."""
    if version == 1:
        return ()
    kinds = (("samples", samples), ("histograms", histograms), ("exemplars", exemplars))
    return tuple((f"x-prometheus-remote-write-{kind}-written", str(count)) for kind, count in kinds)
