"""The gRPC client against grpcio's server and against peers that misbehave frame by frame."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from otelier._core import Batch, GrpcClient, SendResult, live_bytes
from otelier.testing import decode, gauge, log_record, logs, metrics, span, traces

OK, CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE = 0, 1, 4, 8, 14
PATHS = {
    "traces": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "metrics": "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "logs": "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
}
Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class Backend(grpc.GenericRpcHandler):
    """A grpcio server that keeps the bytes and metadata of all Export requests."""

    def __init__(self, answer: Answer, address: str, credentials: Any, options: list[tuple[str, Any]]) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self.metadata: list[dict[str, Any]] = []
        self._answer = answer
        options = [("grpc.max_receive_message_length", -1), ("grpc.so_reuseport", 0), *options]
        self._server = grpc.server(ThreadPoolExecutor(8), [self], options=options)
        add = self._server.add_insecure_port
        self.port = self._server.add_secure_port(address, credentials) if credentials else add(address)
        self._server.start()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if handler_call_details.method not in PATHS.values():
            return None

        def export(data: bytes, context: grpc.ServicerContext) -> bytes:
            self.requests.append((handler_call_details.method, data))
            self.metadata.append(dict(handler_call_details.invocation_metadata))
            return self._answer(data, context)

        return grpc.unary_unary_rpc_method_handler(export)

    def stop(self) -> None:
        self._server.stop(0).wait()


@pytest.fixture
def backend() -> Iterator[Callable[..., Backend]]:
    """Start backends that end with the test."""
    started: list[Backend] = []

    def start(
        answer: Answer = lambda data, context: b"",
        address: str = "127.0.0.1:0",
        credentials: Any = None,
        options: list[tuple[str, Any]] = [],  # noqa: B006
    ) -> Backend:
        started.append(Backend(answer, address, credentials, options))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def client() -> Iterator[Callable[..., GrpcClient]]:
    """Make clients, plaintext unless `tls` says otherwise, that are closed after the test."""
    made: list[GrpcClient] = []

    def make(target: str | int, **options: Any) -> GrpcClient:
        target = f"127.0.0.1:{target}" if isinstance(target, int) else target
        made.append(GrpcClient(json.dumps({"target": target, "tls": {"insecure": True}, **options}).encode()))
        return made[-1]

    yield make
    for each in made:
        each.close()


def send(client: GrpcClient, batch: Batch | None = None, timeout_s: float = 10) -> SendResult:
    return client.send(traces(span()) if batch is None else batch, [], timeout_s)


def settled(fact: Callable[[], bool]) -> None:
    """What another thread is about to do; pytest's time-out ends a wait in vain."""
    while not fact():
        threading.Event().wait(0.002)


def large(segments: int = 40, spans: int = 100) -> Batch:
    """Several segments, together larger than any first flow-control window."""
    part = [span(f"GET /{i}", number=i + 1, attributes={"text": "x" * 1000}) for i in range(spans)]
    return Batch.join([traces(*part, resource={"service.name": f"shop-{i}"}) for i in range(segments)])


# -- what is sent -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "batch", [traces(span()), metrics(gauge("m", 1, 2)), logs(log_record("hello"))], ids=list(PATHS)
)
def test_each_signal_arrives_at_its_service(backend: Any, client: Any, batch: Batch) -> None:
    server = backend()
    result = send(client(server.port), batch)
    assert (result.ok, result.code, result.message) == (True, OK, "")
    assert server.requests == [(PATHS[batch.signal], batch.to_otlp())]
    assert result.sent_bytes == 5 + batch.size_bytes


@pytest.mark.parametrize("compression", ["none", "gzip", "deflate"])
def test_many_segments_arrive_as_one_equal_message(backend: Any, client: Any, compression: str) -> None:
    server, batch = backend(), large()
    result = send(client(server.port, compression=compression), batch)
    assert result.ok, result.message
    assert ExportTraceServiceRequest.FromString(server.requests[0][1]) == decode(batch)
    assert (result.sent_bytes < batch.size_bytes / 2) == (compression != "none")


def test_an_empty_batch_is_a_valid_request(backend: Any, client: Any) -> None:
    server = backend()
    assert send(client(server.port), Batch.from_otlp("traces", b"")).ok
    assert server.requests == [(PATHS["traces"], b"")]


def test_headers_arrive_and_ours_win(backend: Any, client: Any) -> None:
    server = backend(
        lambda data, context: (
            b"" if 5 < context.time_remaining() <= 30 else context.abort(grpc.StatusCode.INTERNAL, "no deadline")
        )
    )
    headers = [
        ("X-Tenant", "blue"),
        ("x-tenant", "red"),
        ("token-bin", "\x01raw"),
        ("content-type", "text/html"),
        ("te", "gzip"),
    ]
    result = client(server.port, user_agent="otelier/test").send(traces(span()), headers, 30)
    assert result.ok, result.message
    sent = server.metadata[0]
    assert sent["x-tenant"] in ("red", "blue,red")
    assert sent["token-bin"] == b"\x01raw"
    assert sent["user-agent"] == "otelier/test"


def test_a_header_that_cannot_be_sent_is_named(client: Any, dead_port: int, backend: Any) -> None:
    result = client(backend().port).send(traces(span()), [("x-key", "line\nbreak")], 5)
    assert not result.ok and "x-key" in result.message


def test_nothing_of_a_batch_stays_behind(backend: Any, client: Any) -> None:
    server = backend()
    sender, batch = client(server.port), large(4)
    before = live_bytes()
    for _ in range(5):
        assert send(sender, batch).ok
    settled(lambda: live_bytes() == before)


def test_more_senders_than_streams_take_turns(backend: Any, client: Any) -> None:
    server = backend(options=[("grpc.max_concurrent_streams", 1)])
    sender = client(server.port)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: send(sender), range(40)))
    assert all(result.ok for result in results), {result.message for result in results}
    assert len(server.requests) == 40


# -- what is answered ---------------------------------------------------------------------------


def test_partial_success_is_counted(backend: Any, client: Any) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "bad ids"
    result = send(client(backend(lambda data, context: answer.SerializeToString()).port))
    assert (result.ok, result.code, result.rejected, result.message) == (True, OK, 3, "bad ids")


def test_a_compressed_answer_is_read(backend: Any, client: Any) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.error_message = "slow down " * 200

    def zipped(data: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_compression(grpc.Compression.Gzip)
        return answer.SerializeToString()

    assert send(client(backend(zipped).port)).message == answer.partial_success.error_message


def test_every_status_code_and_text_comes_back(backend: Any, client: Any) -> None:
    codes = {code.value[0]: code for code in grpc.StatusCode if code is not grpc.StatusCode.OK}
    text = "100 % of Gerät 🚀\nis full"

    def refuse(data: bytes, context: grpc.ServicerContext) -> bytes:
        asked = ExportTraceServiceRequest.FromString(data).resource_spans[0].scope_spans[0].spans[0].flags
        return context.abort(codes[asked], text)

    server = backend(refuse)
    sender = client(server.port)
    for code in codes:
        one = span()
        one.flags = code
        result = send(sender, traces(one))
        assert (result.ok, result.code, result.message) == (False, code, text)


@pytest.mark.parametrize(("seconds", "nanos"), [(30, 0), (0, 250_000_000), (0, 0)])
def test_retry_info_says_when(backend: Any, client: Any, seconds: int, nanos: int) -> None:
    info = error_details_pb2.RetryInfo()
    info.retry_delay.seconds, info.retry_delay.nanos = seconds, nanos
    details = [any_pb2.Any(), any_pb2.Any()]
    details[0].Pack(error_details_pb2.ErrorInfo(reason="full"))
    details[1].Pack(info)
    status = status_pb2.Status(code=RESOURCE_EXHAUSTED, message="full", details=details)

    def refuse(data: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.set_code(grpc.StatusCode.RESOURCE_EXHAUSTED)
        context.set_details("full")
        return b""

    result = send(client(backend(refuse).port))
    assert (result.code, result.message, result.retry_after_s) == (RESOURCE_EXHAUSTED, "full", seconds + nanos / 1e9)


def test_a_service_that_is_not_there_is_unimplemented(client: Any) -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert send(client(port)).code == 12
    finally:
        server.stop(0)


def test_a_huge_answer_is_not_kept(backend: Any, client: Any) -> None:
    result = send(client(backend(lambda data, context: bytes(2_000_000)).port, max_response_bytes=1_000_000))
    assert result.code == RESOURCE_EXHAUSTED and "1000000 bytes" in result.message


# -- peers that speak HTTP/2 by hand ------------------------------------------------------------

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
REFUSED_STREAM = 7


class Http2:
    """The server's end of a connection."""

    def __init__(self, connection: socket.socket, settings: bytes = b"") -> None:
        self._connection = connection
        self._read = connection.makefile("rb")
        assert self._read.read(24).startswith(b"PRI * HTTP/2.0")
        self.frame(SETTINGS, 0, 0, settings)

    def frame(self, kind: int, flags: int, stream: int, payload: bytes = b"") -> None:
        self._connection.sendall(
            struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload
        )

    def headers(self, stream: int, flags: int, **pairs: str) -> None:
        """Names have `_` for `-`; `status` is the pseudo header."""
        block = b""
        for name, value in pairs.items():
            name = ":status" if name == "status" else name.replace("_", "-")
            block += bytes([0, len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        self.frame(HEADERS, END_HEADERS | flags, stream, block)

    def answer(self, stream: int) -> None:
        self.headers(stream, END_STREAM, status="200", content_type="application/grpc", grpc_status="0")

    def requests(self, ended: bool = True) -> Iterator[int]:
        """Streams of requests, when they end (or when they begin)."""
        while head := self._read.read(9):
            length, kind, flags, stream = int.from_bytes(head[:3]), head[3], head[4], int.from_bytes(head[5:])
            payload = self._read.read(length)
            if kind == SETTINGS and not flags & ACK:
                self.frame(SETTINGS, ACK, 0)
            elif kind == PING and not flags & ACK:
                self.frame(PING, ACK, 0, payload)
            elif (kind in (HEADERS, DATA) and flags & END_STREAM) if ended else kind == HEADERS:
                yield stream


@pytest.mark.parametrize(
    ("status", "code"),
    [("400", 13), ("401", 16), ("403", 7), ("404", 12), ("429", 14), ("503", 14), ("500", 2), ("200", 2)],
)
def test_an_answer_that_is_not_grpc_becomes_a_code(peer: Any, client: Any, status: str, code: int) -> None:
    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        for stream in http2.requests():
            http2.headers(stream, END_STREAM, status=status, content_type="text/html")

    result = send(client(peer(serve).port))
    assert (result.code, status in result.message) == (code, True)


def test_a_refused_stream_is_sent_once_more_and_only_once(peer: Any, client: Any) -> None:
    refusals, seen = [1], []

    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        for stream in http2.requests():
            seen.append(stream)
            if refusals[0]:
                refusals[0] -= 1
                http2.frame(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM))
            else:
                http2.answer(stream)

    sender = client(peer(serve).port)
    assert send(sender).ok
    assert len(seen) == 2
    refusals[0] = 2
    result = send(sender)
    assert (result.code, len(seen)) == (UNAVAILABLE, 4)


def test_a_request_that_may_have_been_processed_is_not_repeated(peer: Any, client: Any) -> None:
    seen = []

    def serve(connection: socket.socket) -> None:
        for stream in Http2(connection).requests():
            seen.append(stream)
            connection.shutdown(socket.SHUT_RDWR)
            return

    result = send(client(peer(serve).port))
    assert (result.code, len(seen)) == (UNAVAILABLE, 1)
    assert "lost" in result.message


def test_a_goaway_before_the_request_was_seen_moves_it_to_a_new_connection(peer: Any, client: Any) -> None:
    connections = []

    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        connections.append(connection)
        first = len(connections) == 1
        for stream in http2.requests():
            if first:
                http2.frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0))  # the last stream looked at is 0
            else:
                http2.answer(stream)

    assert send(client(peer(serve).port)).ok
    assert len(connections) == 2


@pytest.mark.parametrize("reset", [True, False])
def test_an_answer_before_the_whole_request_was_read_counts(peer: Any, client: Any, reset: bool) -> None:
    def serve(connection: socket.socket) -> None:
        http2 = Http2(connection)
        for stream in http2.requests(ended=False):
            http2.headers(
                stream, END_STREAM, status="200", content_type="application/grpc", grpc_status="8", grpc_message="full"
            )
            if reset:
                http2.frame(RST_STREAM, 0, stream, struct.pack(">I", 0))

    sender, before = client(peer(serve).port), live_bytes()
    batch = large()  # does not fit the window, so most of it is never sent
    for _ in range(3):
        result = send(sender, batch)
        assert (result.code, result.message) == (RESOURCE_EXHAUSTED, "full")
    size = batch.size_bytes
    del batch
    settled(lambda: live_bytes() <= before + (0 if reset else size // 2))  # a peer that takes no rest holds a piece
    sender.close()
    settled(lambda: live_bytes() == before)


# -- connections --------------------------------------------------------------------------------


def test_a_refused_connection_says_by_whom(client: Any, dead_port: int) -> None:
    result = send(client(dead_port))
    assert (result.code, result.message) == (UNAVAILABLE, f"connection refused by 127.0.0.1:{dead_port}")


def test_a_name_without_address_is_unavailable(client: Any) -> None:
    result = send(client("collector.invalid:4317"), timeout_s=30)
    assert result.code == UNAVAILABLE and "collector.invalid" in result.message


def test_a_name_is_looked_up(backend: Any, client: Any) -> None:
    server = backend()
    assert send(client(f"dns:///localhost:{server.port}")).ok


def test_a_peer_that_is_no_grpc_server_is_called_so(peer: Any, client: Any) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(10)
        connection.shutdown(socket.SHUT_RDWR)

    result = send(client(peer(hang_up).port))
    assert result.code == UNAVAILABLE and result.message


def test_the_timeout_fires_in_a_black_hole(client: Any, black_hole: Any) -> None:
    result = send(client(black_hole.port), timeout_s=0.05)
    assert (result.code, result.message) == (
        DEADLINE_EXCEEDED,
        f"no answer from 127.0.0.1:{black_hole.port} within 0.05 s",
    )


def test_black_holes_leak_nothing(client: Any, black_hole: Any) -> None:
    batch, before = large(2), live_bytes()
    send(client(black_hole.port), batch, 0.01)
    threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    sender = client(black_hole.port)
    for _ in range(200):
        assert send(sender, batch, 0.001).code == DEADLINE_EXCEEDED
    assert threading.active_count() <= threads + 1  # the black hole's own
    assert len(list(Path("/proc/self/fd").iterdir())) <= files + 2  # one connection, both ends
    sender.close()
    settled(lambda: live_bytes() == before)


def test_a_server_that_comes_back_is_found_again(backend: Any, client: Any) -> None:
    server = backend()
    sender = client(server.port)
    for _ in range(3):
        assert send(sender).ok
        server.stop()
        assert send(sender).code == UNAVAILABLE
        server = backend(address=f"127.0.0.1:{server.port}")
        results = [send(sender)]
        while not results[-1].ok:
            assert results[-1].code == UNAVAILABLE
            threading.Event().wait(0.02)
            results.append(send(sender))
        assert len(server.requests) == 1


def test_a_server_that_ends_old_connections_loses_nothing(backend: Any, client: Any) -> None:
    server = backend(options=[("grpc.max_connection_age_ms", 40), ("grpc.max_connection_age_grace_ms", 1000)])
    sender = client(server.port)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: [send(sender) for _ in range(150)], range(4)))
    assert {result.message for each in results for result in each} == {""}
    assert len(server.requests) == 600


def test_requests_go_round_all_addresses_that_are_up(backend: Any, client: Any, dead_port: int) -> None:
    servers = [backend(), backend(address="127.0.0.2:0")]
    sender = client(f"ipv4:///127.0.0.1:{servers[0].port},127.0.0.2:{servers[1].port},127.0.0.1:{dead_port}")
    while not all(server.requests for server in servers):
        assert send(sender).ok
    counts = [len(server.requests) for server in servers]
    for _ in range(20):
        assert send(sender).ok
    assert [len(server.requests) - count for server, count in zip(servers, counts, strict=True)] == [10, 10]
    servers[0].stop()
    count = len(servers[1].requests)
    answered = sum(send(sender).ok for _ in range(20))
    assert answered >= 19  # one may have been under way to the server that stopped
    assert len(servers[1].requests) == count + answered


def test_pick_first_stays_with_one_and_moves_on_when_it_is_gone(backend: Any, client: Any) -> None:
    servers = [backend(), backend()]
    target = f"ipv4:127.0.0.1:{servers[0].port},127.0.0.1:{servers[1].port}"
    sender = client(target, balancer="pick_first")
    assert all(send(sender).ok for _ in range(10))
    assert [len(server.requests) for server in servers] == [10, 0]
    servers[0].stop()
    while not send(sender).ok:
        pass
    assert len(servers[1].requests) == 1


def test_a_unix_socket_is_a_target(backend: Any, client: Any, tmp_path: Path) -> None:
    server = backend(address=f"unix:{tmp_path}/s")
    assert send(client(f"unix:{tmp_path}/s")).ok
    assert len(server.requests) == 1
    result = send(client(f"unix:{tmp_path}/nobody"))
    assert result.code == UNAVAILABLE and "nobody" in result.message


def test_pings_that_annoy_the_server_become_fewer(backend: Any, client: Any) -> None:
    def slow(data: bytes, context: grpc.ServicerContext) -> bytes:
        threading.Event().wait(0.5)
        return b""

    server = backend(
        slow,
        options=[("grpc.http2.min_recv_ping_interval_without_data_ms", 300), ("grpc.http2.max_ping_strikes", 1)],
    )
    sender = client(server.port, keepalive={"time_s": 0.02, "timeout_s": 5})
    for _ in range(20):
        if send(sender).ok:
            break
    else:
        pytest.fail("the client never learned to ping less")


def test_a_dead_connection_is_found_by_pings(client: Any, black_hole: Any) -> None:
    result = send(client(black_hole.port, keepalive={"time_s": 0.05, "timeout_s": 0.05}))
    assert result.code == UNAVAILABLE and "lost" in result.message


# -- closing and options ------------------------------------------------------------------------


def test_close_ends_a_send_under_way(client: Any, black_hole: Any) -> None:
    sender = client(black_hole.port)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(send, sender, None, 60)
        while not black_hole.connections:
            pass
        sender.close()
        assert under_way.result().code == CANCELLED
    assert send(sender).code == CANCELLED


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"target": ""}, "host:port"),
        ({"target": "a:1", "colour": 1}, "colour"),
        ({"target": "a:1", "compression": "brotli"}, "gzip"),
        ({"target": "a:1", "balancer": "random"}, "round_robin"),
        ({"target": "a:1", "tls": {"ca_file": "/nowhere/ca.pem"}}, "/nowhere/ca.pem"),
    ],
)
def test_bad_options_are_named_at_once(options: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        GrpcClient(json.dumps(options).encode())


# -- TLS ----------------------------------------------------------------------------------------


def credentials(certificate: tuple[Path, Path], client_ca: Path | None = None) -> Any:
    cert, key = (path.read_bytes() for path in certificate)
    return grpc.ssl_server_credentials([(key, cert)], client_ca and client_ca.read_bytes(), client_ca is not None)


def test_a_certificate_of_the_given_authority_is_trusted(backend: Any, client: Any, authority: Any) -> None:
    server = backend(credentials=credentials(authority.issue("server", "127.0.0.1")))
    assert send(client(server.port, tls={"ca_file": str(authority.file)})).ok
    assert send(
        client(f"https://127.0.0.1:{server.port}", tls={"insecure": True, "ca_pem": authority.file.read_text()})
    ).ok
    for tls in ({}, {"ca_file": str(authority.issue("other", "x")[0])}):
        result = send(client(server.port, tls=tls))
        assert result.code == UNAVAILABLE and "certificate" in result.message, result.message


def test_a_certificate_for_another_name_is_refused_unless_that_name_is_meant(
    backend: Any, client: Any, authority: Any
) -> None:
    server = backend(credentials=credentials(authority.issue("server", "collector.example")))
    tls = {"ca_file": str(authority.file)}
    result = send(client(server.port, tls=tls))
    assert result.code == UNAVAILABLE and "not valid for" in result.message
    assert send(client(server.port, tls={**tls, "server_name_override": "collector.example"})).ok
    assert send(client(server.port, tls=tls, authority="collector.example")).ok
    assert send(client(server.port, tls={"insecure_skip_verify": True})).ok


def test_a_client_certificate_is_shown(backend: Any, client: Any, authority: Any) -> None:
    server = backend(credentials=credentials(authority.issue("server", "127.0.0.1"), authority.file))
    cert, key = authority.issue("client", "client")
    tls = {"ca_file": str(authority.file), "cert_file": str(cert), "key_file": str(key)}
    assert send(client(server.port, tls=tls)).ok
    assert send(client(server.port, tls={"ca_file": str(authority.file)})).code == UNAVAILABLE


def test_tls_to_a_plaintext_server_and_back_is_explained(backend: Any, client: Any, authority: Any) -> None:
    plain = send(client(backend().port, tls={"insecure_skip_verify": True}))
    assert plain.code == UNAVAILABLE and "TLS" in plain.message
    server = backend(credentials=credentials(authority.issue("server", "127.0.0.1")))
    assert send(client(server.port), timeout_s=2).code in (UNAVAILABLE, DEADLINE_EXCEEDED)


def test_a_changed_authority_file_is_read_again(backend: Any, client: Any, authority: Any, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    new = type(authority)(tmp_path / "new")
    server = backend(credentials=credentials(new.issue("server", "127.0.0.1")))
    sender = client(server.port, tls={"ca_file": str(authority.file), "reload_interval_s": 0.001})
    assert send(sender).code == UNAVAILABLE
    authority.file.write_bytes(new.file.read_bytes())
    while not send(sender).ok:  # the back-off passes first
        threading.Event().wait(0.02)
