"""OTLP/HTTP and plain HTTP requests, with http.client as the client."""

import gzip
import http.client
import json
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

from otelier._core import Delivery, Inbox, Server
from otelier.testing import decode, gauge, log_record, logs, metrics, span, traces

from .served import Served, one_span

Serve = Callable[..., Served]
PROTOBUF, JSON = "application/x-protobuf", "application/json"


def one_span_json() -> bytes:
    return traces(span()).to_json()


class Answer:
    """A whole answer."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()
        self.type = self.headers.get("content-type", "")


def send(served: Served, body: bytes = b"", path: str = "/v1/traces", method: str = "POST", **headers: str) -> Answer:
    """Headers are given as `content_type=…`."""
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def post(served: Served, body: bytes, content_type: str = PROTOBUF, **headers: str) -> Answer:
    return send(served, body, content_type=content_type, **headers)


# -- what is taken ------------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON, "application/json; charset=utf-8", "Application/X-Protobuf"])
def test_each_signal_arrives_exactly_in_both_encodings(serve: Serve, content_type: str) -> None:
    served = serve("otlp_http")
    sent = [traces(span("é", attributes={"n": 1})), metrics(gauge("g", 1.5, 2)), logs(log_record("hello"))]
    for batch in sent:
        body = batch.to_json() if "json" in content_type else batch.to_otlp()
        answer = send(served, body, f"/v1/{batch.signal}", content_type=content_type)
        assert answer.status == 200
        assert answer.type == content_type.split(";")[0].lower()
        assert answer.body == (b"{}" if "json" in content_type else b"")
    assert {b.signal: decode(b) for b in served.batches} == {b.signal: decode(b) for b in sent}


def test_many_requests_go_over_one_connection(serve: Serve) -> None:
    served = serve("otlp_http")
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    for _ in range(50):
        connection.request("POST", "/v1/traces", one_span(), {"content-type": PROTOBUF})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
    connection.close()
    assert served.items == 50


def test_a_chunked_body_is_read(serve: Serve) -> None:
    served = serve("otlp_http")
    data = traces(span(attributes={"filler": "x" * 200_000})).to_otlp()
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    parts = (data[i : i + 10_000] for i in range(0, len(data), 10_000))
    connection.request("POST", "/v1/traces", parts, {"content-type": PROTOBUF}, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert served.batches[0].to_otlp() == data


def raw_deflate(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(data) + deflate.flush()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("zlib", zlib.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity", bytes),
        ("gzip, zlib", lambda data: zlib.compress(gzip.compress(data))),
    ],
)
def test_content_encodings_are_undone(serve: Serve, encoding: str, compress: Callable[[bytes], bytes]) -> None:
    served = serve("otlp_http")
    data = traces(span(attributes={"filler": "x" * 50_000})).to_otlp()
    assert post(served, compress(data), content_encoding=encoding).status == 200
    assert served.batches[0].to_otlp() == data


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_an_empty_request_is_a_success(serve: Serve, content_type: str) -> None:
    served = serve("otlp_http")
    body = b"{}" if content_type == JSON else b""
    assert post(served, body, content_type).status == 200
    assert served.batches == []


def test_metadata_travels_where_it_is_asked_for(serve: Serve) -> None:
    served = serve("otlp_http", include_metadata=True)
    post(served, one_span(), X_Scope_OrgID="shop")
    assert served.batches[0].metadata["x-scope-orgid"] == ("shop",)


def test_paths_are_those_of_the_configuration(serve: Serve) -> None:
    served = serve("otlp_http", paths={"traces": "/in/spans", "metrics": None})
    assert send(served, one_span(), "/in/spans", content_type=PROTOBUF).status == 200
    assert send(served, b"", "/v1/traces", content_type=PROTOBUF).status == 404
    assert send(served, b"", "/v1/metrics", content_type=PROTOBUF).status == 404
    assert send(served, b"", "/v1/logs", content_type=PROTOBUF).status == 200


# -- what is refused ----------------------------------------------------------------------------


def test_unknown_paths_are_404(serve: Serve) -> None:
    served = serve("otlp_http")
    for path in ("/", "/v1/profiles", "/v1/traces/", "/v1/traces/../logs", "//v1/traces"):
        assert send(served, one_span(), path, content_type=PROTOBUF).status == 404


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("/v1/trace", "did you mean /v1/traces?"),
        ("/traces", "did you mean /v1/traces?"),
        ("/v1/traces/v1/traces/", "did you mean /v1/traces?"),
        ("/V1/Logs", "did you mean /in/logs?"),
        ("/v1/metrics", "OTLP is sent by POST to /v1/traces, /in/logs"),
        ("/", "OTLP is sent by POST to /v1/traces, /in/logs"),
    ],
)
def test_who_asks_at_an_unknown_path_is_told_the_right_one(serve: Serve, path: str, advice: str) -> None:
    served = serve("otlp_http", paths={"logs": "/in/logs", "metrics": None})
    assert send(served, one_span(), path, content_type=PROTOBUF).body.decode().rstrip().endswith(f"; {advice}")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_other_methods_are_405_and_told_the_right_one(serve: Serve, method: str) -> None:
    answer = send(serve("otlp_http"), b"", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-protobuf2", "", "application/jsonx"])
def test_other_content_types_are_415_in_plain_text(serve: Serve, content_type: str) -> None:
    served = serve("otlp_http")
    answer = post(served, one_span(), content_type)
    assert answer.status == 415
    assert answer.type.startswith("text/plain")
    assert served.count("refused_requests", reason="unsupported_media_type") == 1


def test_an_unknown_content_encoding_is_400_and_told_what_is_known(serve: Serve) -> None:
    served = serve("otlp_http")
    answer = post(served, one_span(), content_encoding="br")
    assert answer.status == 400
    assert "gzip" in answer.headers["accept-encoding"]
    assert "br" in status_pb2.Status.FromString(answer.body).message
    assert served.count("refused_requests", reason="unsupported_encoding") == 1


def test_only_the_configured_encodings_are_taken(serve: Serve) -> None:
    served = serve("otlp_http", compression_algorithms=["", "zlib"])
    assert post(served, zlib.compress(one_span()), content_encoding="zlib").status == 200
    assert post(served, one_span()).status == 200
    assert post(served, gzip.compress(one_span()), content_encoding="gzip").status == 400


@pytest.mark.parametrize(
    ("content_type", "body"),
    [(PROTOBUF, b"\x0a\xff"), (PROTOBUF, b"hello"), (JSON, b"{"), (JSON, b'{"resourceSpans":7}'), (JSON, b"\xff")],
)
def test_undecodable_bodies_are_400_with_a_status_in_the_same_encoding(
    serve: Serve, content_type: str, body: bytes
) -> None:
    answer = post(serve("otlp_http"), body, content_type)
    assert (answer.status, answer.type) == (400, content_type)
    if content_type == JSON:
        status = json.loads(answer.body)
        assert status["code"] == 3 and status["message"]
    else:
        status = status_pb2.Status.FromString(answer.body)
        assert status.code == 3 and status.message


def test_a_body_that_is_not_what_its_encoding_says_is_400(serve: Serve) -> None:
    served = serve("otlp_http")
    for encoding in ("gzip", "zlib", "zstd", "snappy", "lz4"):
        assert post(served, b"\x01\x02 not compressed", content_encoding=encoding).status == 400


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_body_over_the_limit_is_413(serve: Serve, compress: Callable[[bytes], bytes]) -> None:
    served = serve("otlp_http", limits={"max_message_bytes": 100_000})
    encoding = "identity" if compress is bytes else "gzip"
    fits = traces(span(attributes={"filler": "x" * 99_000})).to_otlp()
    large = traces(span(attributes={"filler": "x" * 3_000_000})).to_otlp()
    assert post(served, compress(fits), content_encoding=encoding).status == 200
    answer = post(served, compress(large), content_encoding=encoding)
    assert answer.status == 413
    assert "100000 bytes" in status_pb2.Status.FromString(answer.body).message


def test_a_chunked_body_over_the_limit_is_413(serve: Serve) -> None:
    served = serve("otlp_http", limits={"max_message_bytes": 100_000})
    connection = http.client.HTTPConnection(served.host, served.port, timeout=20)
    parts = (b"x" * 10_000 for _ in range(100))
    connection.request("POST", "/v1/traces", parts, {"content-type": PROTOBUF}, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_partial_success_is_told_in_json_too(serve: Serve) -> None:
    served = serve("otlp_http", answer=lambda delivery: delivery.accept(1, "too old"))
    answer = post(served, one_span_json(), JSON)
    assert json.loads(answer.body) == {"partialSuccess": {"rejectedSpans": "1", "errorMessage": "too old"}}
    answer = post(served, one_span())
    partial = trace_service_pb2.ExportTraceServiceResponse.FromString(answer.body).partial_success
    assert (partial.rejected_spans, partial.error_message) == (1, "too old")


# -- what Python answers ------------------------------------------------------------------------


@pytest.mark.parametrize(("after_s", "header"), [(None, None), (0.2, "1"), (30, "30")])
def test_a_retryable_refusal_is_503_with_retry_after(serve: Serve, after_s: float | None, header: str | None) -> None:
    def refuse(delivery: Delivery) -> None:
        delivery.refuse("queue is full", retryable=True, retry_after_s=after_s)

    answer = post(serve("otlp_http", answer=refuse), one_span())
    assert (answer.status, answer.headers.get("retry-after")) == (503, header)
    assert status_pb2.Status.FromString(answer.body).message == "queue is full"


def test_a_permanent_refusal_is_500_with_a_status(serve: Serve) -> None:
    def refuse(delivery: Delivery) -> None:
        delivery.refuse("broken", retryable=False)

    answer = post(serve("otlp_http", answer=refuse), one_span_json(), JSON)
    assert answer.status == 500
    assert json.loads(answer.body) == {"code": 13, "message": "broken"}


def test_a_dropped_delivery_is_500(serve: Serve) -> None:
    assert post(serve("otlp_http", answer=lambda delivery: None), one_span()).status == 500


def test_every_answer_carries_the_configured_headers(serve: Serve) -> None:
    served = serve("otlp_http", response_headers={"X-Server": "otelier"})
    for answer in (post(served, one_span()), post(served, b"no"), send(served, path="/no")):
        assert answer.headers["x-server"] == "otelier"


# -- CORS ---------------------------------------------------------------------------------------

CORS = {
    "allowed_origins": ["https://shop.example.com", "https://*.test.example.com"],
    "allowed_headers": ["X-Tenant"],
    "exposed_headers": ["X-Server"],
    "max_age": 600,
}


def preflight(served: Served, origin: str, headers: str) -> Answer:
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": headers}
    return send(served, method="OPTIONS", Origin=origin, **asked)


@pytest.mark.parametrize("origin", ["https://shop.example.com", "https://a.b.test.example.com"])
def test_named_origins_may_send(serve: Serve, origin: str) -> None:
    served = serve("otlp_http", cors=CORS)
    answer = preflight(served, origin, "content-type, x-tenant")
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "content-type, x-tenant"
    assert answer.headers["access-control-max-age"] == "600"
    answer = post(served, one_span(), Origin=origin)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-expose-headers"] == "X-Server"
    assert answer.headers["vary"] == "origin"


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.com.evil.example", "null"])
def test_other_origins_get_no_permission(serve: Serve, origin: str) -> None:
    served = serve("otlp_http", cors=CORS)
    for answer in (preflight(served, origin, "content-type"), post(served, one_span(), Origin=origin)):
        assert not any(name.startswith("access-control-allow") for name in answer.headers)


def test_headers_that_are_not_named_are_not_allowed(serve: Serve) -> None:
    answer = preflight(serve("otlp_http", cors=CORS), "https://shop.example.com", "authorization")
    assert "access-control-allow-headers" not in answer.headers


# -- servers that Python answers ----------------------------------------------------------------


@pytest.fixture
def plain() -> Iterator[tuple[Inbox, Served]]:
    served = Served("http", threads=False, response_headers={"X-Server": "otelier"}, limits={"answer_timeout_s": 0.5})
    yield served.inbox, served
    served.stop()


def answered(served: Served, answer: Callable[[Any], None], *args: Any, **arguments: Any) -> Answer:
    """What a client gets from one request that `answer` answers."""

    def run() -> None:
        request = served.inbox.receive_http(20)
        assert request
        answer(request)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        return send(served, *args, **arguments)
    finally:
        thread.join()


def test_python_sees_the_whole_request_and_its_answer_is_given(plain: tuple[Inbox, Served]) -> None:
    seen: list[Any] = []

    def answer(request: Any) -> None:
        seen.append((request.method, request.path, request.query, request.headers["x-a"], request.body))
        request.respond(418, [("Content-Type", "text/tea"), ("Set-Cookie", "a=1")], b"short and stout")

    body = b"pot" * 1000
    got = answered(plain[1], answer, gzip.compress(body), "/tea/%2e?a=b&c", "PUT", X_A="1", content_encoding="gzip")
    assert seen == [("PUT", "/tea/%2e", "a=b&c", "1", body)]
    assert (got.status, got.type, got.body) == (418, "text/tea", b"short and stout")
    assert got.headers["x-server"] == "otelier"


def test_a_request_without_an_answer_is_500(plain: tuple[Inbox, Served]) -> None:
    assert answered(plain[1], lambda request: None).status == 500


def test_a_request_that_waits_too_long_is_504(plain: tuple[Inbox, Served]) -> None:
    assert send(plain[1], method="GET").status == 504


def test_a_wrong_answer_is_told_to_python_and_is_500(plain: tuple[Inbox, Served]) -> None:
    errors: list[str] = []

    def answer(request: Any) -> None:
        with pytest.raises(ValueError, match="no header value") as caught:
            request.respond(200, [("x", "a\r\nb: c")], b"")
        errors.append(str(caught.value))
        with pytest.raises(RuntimeError):
            request.respond(200, [], b"")

    assert answered(plain[1], answer).status == 500
    assert errors


# -- starting -----------------------------------------------------------------------------------


def test_a_port_in_use_is_an_oserror_with_its_number(serve: Serve) -> None:
    import errno

    served = serve("otlp_http")
    with pytest.raises(OSError, match="in use") as caught:
        Server(json.dumps({"kind": "http", "host": "127.0.0.1", "port": served.port}).encode(), Inbox(1))
    assert caught.value.errno == errno.EADDRINUSE


@pytest.mark.parametrize(
    "options",
    [
        b"{",
        b'{"kind":"smtp","host":"127.0.0.1","port":0}',
        b'{"kind":"http","host":"127.0.0.1","port":0,"porta":1}',
        b'{"kind":"http","host":"127.0.0.1","port":0,"compression_algorithms":["br"]}',
        b'{"kind":"http","host":"127.0.0.1","port":0,"response_headers":{"a b":"c"}}',
        b'{"kind":"http","host":"127.0.0.1","port":0,"tls":{"cert_file":"/no/such","key_file":"/no"}}',
    ],
)
def test_wrong_options_are_a_value_error(options: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Server(options, Inbox(1))


def test_a_host_that_does_not_exist_is_an_oserror() -> None:
    with pytest.raises(OSError, match=r"\w"):
        Server(b'{"kind":"http","host":"no.such.invalid","port":0}', Inbox(1))


def test_an_empty_host_listens_on_ipv4_too() -> None:
    server = Server(b'{"kind":"otlp_http","host":"","port":0}', Inbox(1))
    connection = http.client.HTTPConnection("127.0.0.1", server.address[1], timeout=20)
    connection.request("GET", "/")
    assert connection.getresponse().status == 404
    connection.close()
    server.stop(0)
