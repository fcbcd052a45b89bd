"""gRPC beside HTTP on one port, asked by grpcio."""

import http.client
from collections.abc import Iterator

import grpc
import pytest

from otelier.server.endpoint import HttpEndpoint, Response
from otelier.server.grpc_calls import MAX_MESSAGE_BYTES, GrpcService, no_such_service
from otelier.server.http import HttpServerSettings
from otelier.server.request import HttpError, Request
from otelier.server.router import Group, Route, Router, plain_error


def echo(message: bytes, request: Request) -> Iterator[bytes]:
    yield message
    yield request.headers.get("x-word", "").encode()


def refuse(message: bytes, request: Request) -> Iterator[bytes]:
    yield b"one"
    raise HttpError(int(message), "50 % of it, in\nwords: ä")


def fail(message: bytes, request: Request) -> Iterator[bytes]:
    raise ZeroDivisionError("secret")


@pytest.fixture
def observed() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def address(observed: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    service = GrpcService("test.Service", {"Echo": echo, "Refuse": refuse, "Fail": fail})
    page = Group([Route("GET", "/page", lambda _: Response(200, (), b"page"))], plain_error)
    router = Router(
        [service.group(), page], lambda pattern, status, _: observed.append((pattern, status)), no_such_service
    )
    endpoint = HttpEndpoint(HttpServerSettings(endpoint="127.0.0.1:0"), router, "test")
    endpoint.start()
    yield endpoint.address
    endpoint.stop()


@pytest.fixture
def channel(address: tuple[str, int]) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"{address[0]}:{address[1]}") as channel:
        yield channel


def call(channel: grpc.Channel, method: str, message: bytes, **options) -> list[bytes]:
    return list(channel.unary_stream(f"/test.Service/{method}")(message, timeout=20, **options))


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_call_has_one_message_in_and_many_out(channel, compression):
    message = b"a long and long message " * 100
    assert call(channel, "Echo", message, compression=compression, metadata=[("x-word", "yes")]) == [message, b"yes"]
    assert call(channel, "Echo", b"") == [b"", b""]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, grpc.StatusCode.INVALID_ARGUMENT),
        (404, grpc.StatusCode.NOT_FOUND),
        (413, grpc.StatusCode.RESOURCE_EXHAUSTED),
        (500, grpc.StatusCode.INTERNAL),
        (503, grpc.StatusCode.UNAVAILABLE),
        (504, grpc.StatusCode.DEADLINE_EXCEEDED),
    ],
)
def test_an_error_comes_after_what_was_sent_with_its_words(channel, status, code):
    answers = channel.unary_stream("/test.Service/Refuse")(str(status).encode(), timeout=20)
    assert next(answers) == b"one"
    with pytest.raises(grpc.RpcError) as raised:
        next(answers)
    assert (raised.value.code(), raised.value.details()) == (code, "50 % of it, in\nwords: ä")


def test_a_bug_is_an_internal_error_without_details(channel, caplog):
    with pytest.raises(grpc.RpcError) as raised:
        call(channel, "Fail", b"")
    assert (raised.value.code(), "secret" in raised.value.details()) == (grpc.StatusCode.INTERNAL, False)
    assert "secret" in caplog.text
    assert call(channel, "Echo", b"x")[0] == b"x"


def test_other_methods_and_services_are_unimplemented(channel):
    for path in ("/test.Service/Other", "/other.Service/Echo"):
        with pytest.raises(grpc.RpcError) as raised:
            list(channel.unary_stream(path)(b"", timeout=20))
        assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_what_unpacks_to_too_much_is_refused(channel):
    with pytest.raises(grpc.RpcError) as raised:
        call(channel, "Echo", bytes(MAX_MESSAGE_BYTES + 1), compression=grpc.Compression.Gzip)
    assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_reader_that_cancels_ends_the_call(channel):
    answers = channel.unary_stream("/test.Service/Echo")(b"x", timeout=20)
    assert next(answers) == b"x"
    answers.cancel()
    assert call(channel, "Echo", b"x")[0] == b"x"


class Raw:
    """A request whose frame no client would send."""

    def __init__(self, body: bytes, **headers: str) -> None:
        self.body = body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("body", "encoding", "code"),
    [
        (b"", "gzip", "3"),
        (b"\0\0\0\0\5abc", "gzip", "3"),
        (b"\0\0\0\0\1abc", "gzip", "3"),
        (b"\1\0\0\0\1a", "gzip", "3"),
        (b"\1\0\0\0\1a", "zstd", "12"),
    ],
)
def test_a_frame_that_is_none_is_told_so(body, encoding, code):
    [route] = GrpcService("test.Service", {"Echo": echo}).group().routes
    raw = Raw(body, content_type="application/grpc", grpc_encoding=encoding)
    pieces = route.handler(Request(raw, {"method": "Echo"})).pieces
    with pytest.raises(StopIteration) as ended:
        next(pieces)
    assert dict(ended.value.value)["grpc-status"] == code


def test_other_kinds_of_requests_are_told_what_is_spoken(address):
    for method, content_type, status in (("GET", "application/grpc", 405), ("POST", "application/json", 415)):
        connection = http.client.HTTPConnection(*address, timeout=20)
        connection.request(method, "/test.Service/Echo", b"{}", {"content-type": content_type})
        assert connection.getresponse().status == status
        connection.close()


def test_a_call_is_observed_when_it_has_ended(channel, observed):
    answers = channel.unary_stream("/test.Service/Echo")(b"x", timeout=20)
    next(answers)
    list(answers)
    assert answers.code() == grpc.StatusCode.OK
    call(channel, "Echo", b"x")  # the same thread answers, so the first call has been observed
    assert observed[0] == ("/test.Service/{method}", 200)


def test_pages_are_served_beside(address):
    connection = http.client.HTTPConnection(*address, timeout=20)
    connection.request("GET", "/page")
    assert connection.getresponse().read() == b"page"
    connection.request("GET", "/other.Service/Echo")
    assert connection.getresponse().status == 404
    connection.close()
