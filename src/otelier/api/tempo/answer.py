"""Answers of Tempo's API: JSON or protobuf as `Accept` asks, and errors as bare texts, which Grafana shows."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from urllib.parse import quote

from ...query.traceql import TraceqlError
from ...server.endpoint import Headers, Response
from ...server.request import HttpError, Request
from ..errors import as_http_errors

_JSON = (("content-type", "application/json"),)
_PROTOBUF = (("content-type", "application/protobuf"),)
_READABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_TEXT = (("content-type", "text/plain; charset=utf-8"),)


def encoded(
    request: Request,
    as_json: Callable[[], bytes],
    as_protobuf: Callable[[], Iterable[bytes]],
    headers: Headers = (),
) -> Response:
    """JSON, unless `Accept` names protobuf. Parts of a protobuf message merge when they are put together."""
    if "protobuf" in request.headers.get("accept", ""):
        return Response(200, (*_PROTOBUF, *headers), b"".join(as_protobuf()))
    return Response(200, (*_JSON, *headers), as_json())


def told(name: str, value: str) -> Headers:
    """What Tempo's messages have no member for, as a header; nothing if it is empty."""
    return ((name, quote(value, safe=_READABLE)),) if value else ()


@contextmanager
def as_errors() -> Generator[None]:
    """Raise HttpError for the errors of `query`; those of TraceQL begin as Tempo's do."""
    with as_http_errors():
        try:
            yield
        except TraceqlError as error:
            hint = f"; {error.hint}" if error.hint else ""
            place = f"line {error.line}, col {error.column}"
            message = f"invalid TraceQL query: parse error at {place}: {error.message}{hint}"
            raise HttpError(400, message) from error


def write_error(error: HttpError, _request: Request) -> Response:
    """The text and nothing else."""
    return Response(error.status, (*_TEXT, *error.headers), error.message.encode())
