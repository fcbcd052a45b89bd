"""gRPC beside HTTP on one port: calls with one message in and a stream of messages out.

The plain HTTP server speaks HTTP/2 to who begins with it (h2c, or by ALPN), so such a call is a POST whose answer is a
Stream with trailers. Protocol: gRPC over HTTP/2 (grpc/grpc, doc/PROTOCOL-HTTP2.md), compression.md.
"""

import logging
import struct
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import TypeAlias
from urllib.parse import quote

from .endpoint import Headers, Response, Stream
from .request import HttpError, Request
from .router import Group, Route, nothing_here, plain_error

_log = logging.getLogger(__name__)

GrpcMethod: TypeAlias = Callable[[bytes, Request], Iterable[bytes]]
"""Encoded message and the request that carried it to encoded messages; raises HttpError as a route does."""

MAX_MESSAGE_BYTES = 4 * 2**20
"""What clients take of one message, unless they are told otherwise; and what is taken of theirs."""

_TYPE = "application/grpc"
_PREFIX = struct.Struct(">BI")
_GZIP = 16 + zlib.MAX_WBITS
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_OK, _INTERNAL, _UNIMPLEMENTED = 0, 13, 12
_CODES: Mapping[int, int] = {400: 3, 404: 5, 413: 8, 501: _UNIMPLEMENTED, 503: 14, 504: 4}
"""gRPC's code for a status of HTTP."""


class GrpcService:
    """One service; its group goes into a Router."""

    def __init__(self, name: str, methods: Mapping[str, GrpcMethod]) -> None:
        """`name` as in the .proto file, with its package."""
        self._name = name
        self._methods = methods

    def group(self) -> Group:
        """All its methods."""
        return Group([Route("POST", f"/{self._name}/{{method}}", self._call)], plain_error)

    def _call(self, request: Request) -> Stream | Response:
        if not request.headers.get("content-type", "").startswith(_TYPE):
            raise HttpError(415, f"gRPC is spoken at this path ({_TYPE})")
        headers = (("content-type", _TYPE), ("grpc-accept-encoding", "identity,gzip"))
        return Stream(headers, self._answer(request))

    def _answer(self, request: Request) -> Generator[bytes, None, Headers]:
        name = request.parameters["method"]
        try:
            method = self._methods.get(name)
            if method is None:
                raise HttpError(501, f"there is no method {name} in {self._name}")
            message = _unframed(request.body, request.headers.get("grpc-encoding", "identity"))
            for answer in method(message, request):
                yield _PREFIX.pack(0, len(answer)) + answer
        except HttpError as error:
            return _status(_CODES.get(error.status, _INTERNAL), error.message)
        except GeneratorExit:
            raise
        except BaseException:  # noqa: BLE001 (neither a bug in one method nor a panic in native code ends the server)
            _log.exception("can't answer %s", name)
            return _status(_INTERNAL, "internal error; see Otelier's log")
        return _status(_OK)


def no_such_service(request: Request) -> Response:
    """What a Router answers where it has nothing: a client of gRPC is told in gRPC."""
    if not request.headers.get("content-type", "").startswith(_TYPE):
        return nothing_here(request)
    told = _status(_UNIMPLEMENTED, f"there is no service at {request.path[:200]}")
    return Response(200, (("content-type", _TYPE), *told))


def _status(code: int, message: str = "") -> Headers:
    status = ("grpc-status", str(code))
    return (status, ("grpc-message", quote(message, safe=_PRINTABLE))) if message else (status,)


def _unframed(body: bytes, encoding: str) -> bytes:
    """The one message of a call. Raises HttpError."""
    if len(body) < _PREFIX.size:
        raise HttpError(400, "a call needs one message; there is none")
    flag, length = _PREFIX.unpack_from(body)
    message = body[_PREFIX.size :]
    if len(message) != length:
        raise HttpError(400, f"a call has one message: it says {length} bytes, {len(message)} came")
    if not flag:
        return message
    if encoding != "gzip":
        raise HttpError(501, f"can't read grpc-encoding {encoding[:100]}; use gzip or none")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        message = unpacker.decompress(message, MAX_MESSAGE_BYTES)
    except zlib.error as error:
        raise HttpError(400, f"can't decompress the message: {error}") from error
    if len(message) == MAX_MESSAGE_BYTES:
        raise HttpError(413, f"a message may have less than {MAX_MESSAGE_BYTES >> 20} MiB")
    if not unpacker.eof:
        raise HttpError(400, "can't decompress the message: it is cut off")
    return message
