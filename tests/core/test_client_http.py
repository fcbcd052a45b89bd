"""The HTTP client against the standard library's server and against peers that misbehave byte by byte."""

import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from otelier._core import Batch, HttpClient, SendResult, live_bytes
from otelier.testing import decode, span, traces

PROTOBUF, JSON = "application/x-protobuf", "application/json"
Answer = tuple[int, dict[str, str], bytes]


class Seen:
    """One request as the server got it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self.method, self.path, self.headers = handler.command, handler.path, dict(handler.headers.items())
        self.body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        self.client = handler.client_address


class Backend(ThreadingHTTPServer):
    """Keeps all requests; `answer(request)` gives status, headers and body."""

    daemon_threads = True

    def __init__(
        self, answer: Callable[[Seen], Answer], address: tuple[str, int], context: ssl.SSLContext | None
    ) -> None:
        self.requests: list[Seen] = []
        self.connections: list[socket.socket] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                server.requests.append(Seen(self))
                status, headers, body = answer(server.requests[-1])
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                self.do_POST()

            def do_PUT(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        server = self
        super().__init__(address, Handler)
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.append(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def backend() -> Iterator[Callable[..., Backend]]:
    """Start backends that end with the test."""
    started: list[Backend] = []

    def start(
        answer: Callable[[Seen], Answer] | Answer = (200, {"Content-Type": PROTOBUF}, b""),
        address: tuple[str, int] = ("127.0.0.1", 0),
        context: ssl.SSLContext | None = None,
    ) -> Backend:
        started.append(Backend(answer if callable(answer) else lambda _: answer, address, context))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def client() -> Iterator[Callable[..., HttpClient]]:
    """Make clients that are closed after the test."""
    made: list[HttpClient] = []

    def make(**options: Any) -> HttpClient:
        made.append(HttpClient(json.dumps({"compression": "none", **options}).encode()))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def url(server: Any, scheme: str = "http", host: str = "127.0.0.1") -> str:
    return f"{scheme}://{host}:{server if isinstance(server, int) else server.port}/v1/traces"


def send(
    client: HttpClient, to: str, batch: Batch | None = None, encoding: Any = "proto", timeout_s: float = 10
) -> SendResult:
    return client.send(to, traces(span()) if batch is None else batch, encoding, [], timeout_s)


def large(segments: int = 40, spans: int = 100) -> Batch:
    part = [span(f"GET /{i}", number=i + 1, attributes={"text": "x" * 1000}) for i in range(spans)]
    return Batch.join([traces(*part, resource={"service.name": f"shop-{i}"}) for i in range(segments)])


def settled(fact: Callable[[], bool]) -> None:
    """What another thread is about to do; pytest's time-out ends a wait in vain."""
    while not fact():
        threading.Event().wait(0.002)


# -- what is sent -------------------------------------------------------------------------------


def test_the_batch_arrives_as_its_own_bytes(backend: Any, client: Any) -> None:
    server, batch = backend(), large()
    result = send(client(user_agent="otelier/test"), url(server), batch)
    assert (result.ok, result.code, result.message, result.sent_bytes) == (True, 200, "", batch.size_bytes)
    seen = server.requests[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/traces", batch.to_otlp())
    headers = {name.lower(): value for name, value in seen.headers.items()}
    assert headers == {
        "host": f"127.0.0.1:{server.port}",
        "content-type": PROTOBUF,
        "content-length": str(batch.size_bytes),
        "user-agent": "otelier/test",
    }


@pytest.mark.parametrize(
    ("compression", "decompress"), [("gzip", gzip.decompress), ("zlib", zlib.decompress), ("deflate", zlib.decompress)]
)
def test_compressed_content_is_equal(backend: Any, client: Any, compression: str, decompress: Any) -> None:
    server, batch = backend(), large()
    result = send(client(compression=compression), url(server), batch)
    seen = server.requests[0]
    assert result.ok and result.sent_bytes == len(seen.body) < batch.size_bytes / 2
    assert seen.headers["content-encoding"] == compression
    assert decompress(seen.body) == batch.to_otlp()


def test_gzip_is_the_default(backend: Any) -> None:
    server = backend()
    assert send(HttpClient(b"{}"), url(server)).ok
    assert server.requests[0].headers["content-encoding"] == "gzip"


def test_json_says_the_same(backend: Any, client: Any) -> None:
    server, batch = backend(), large(2)
    assert send(client(), url(server), batch, "json").ok
    seen = server.requests[0]
    assert seen.headers["content-type"] == JSON
    assert seen.body == batch.to_json()
    assert json.loads(seen.body)["resourceSpans"][1]["scopeSpans"][0]["spans"][3]["name"] == "GET /3"
    assert decode(Batch.from_json("traces", seen.body)) == decode(batch)


def test_headers_are_set_and_may_replace_ours(backend: Any, client: Any) -> None:
    server = backend()
    headers = [("X-Tenant", "blue"), ("User-Agent", "mine"), ("Content-Length", "3"), ("Host", "collector.example")]
    assert client().send(url(server), traces(span()), "proto", headers, 10).ok
    seen = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert (seen["x-tenant"], seen["user-agent"], seen["host"]) == ("blue", "mine", "collector.example")
    assert server.requests[0].body == traces(span()).to_otlp()


def test_a_login_in_the_url_becomes_basic_auth(backend: Any, client: Any) -> None:
    server = backend()
    assert send(client(), f"http://me:p%40ss@127.0.0.1:{server.port}/v1/traces").ok
    seen = server.requests[0].headers
    assert (seen["authorization"], seen["host"]) == ("Basic bWU6cEBzcw==", f"127.0.0.1:{server.port}")


@pytest.mark.parametrize(
    ("to", "word"), [("127.0.0.1:4318", "http://"), ("ftp://x/", "http://"), ("http://a b/", "character")]
)
def test_what_cannot_be_sent_is_an_error_of_the_caller(client: Any, to: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        send(client(), to)
    with pytest.raises(ValueError, match="x-key"):
        client().send("http://127.0.0.1:1/", traces(span()), "proto", [("x-key", "a\nb")], 1)


# -- what is answered ---------------------------------------------------------------------------


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_partial_success_is_counted(backend: Any, client: Any, content_type: str) -> None:
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 3
    answer.partial_success.error_message = "bad ids"
    body = answer.SerializeToString() if content_type == PROTOBUF else json_format.MessageToJson(answer).encode()
    result = send(client(), url(backend((200, {"Content-Type": content_type}, body))))
    assert (result.ok, result.rejected, result.message) == (True, 3, "bad ids")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 413, 429, 500, 502, 503, 504])
def test_every_status_comes_back_with_what_the_backend_said(backend: Any, client: Any, code: int) -> None:
    status = status_pb2.Status(code=3, message="the queue is full")
    for content_type, body in [
        (PROTOBUF, status.SerializeToString()),
        (JSON, json_format.MessageToJson(status).encode()),
        ("text/plain", b"the queue is full\n"),
    ]:
        result = send(client(), url(backend((code, {"Content-Type": content_type}, body))))
        assert (result.ok, result.code, result.message) == (False, code, "the queue is full")
        assert result.retry_after_s is None


def test_retry_after_is_seconds_or_a_date(backend: Any, client: Any) -> None:
    assert send(client(), url(backend((503, {"Retry-After": "30"}, b"")))).retry_after_s == 30
    assert send(client(), url(backend((503, {"Retry-After": "soon"}, b"")))).retry_after_s is None

    def in_a_minute(_: Seen) -> Answer:
        return 429, {"Retry-After": formatdate(time.time() + 60, usegmt=True)}, b""

    after = send(client(), url(backend(in_a_minute))).retry_after_s
    assert after is not None and 0 < after <= 60


def test_redirects_are_not_followed(backend: Any, client: Any) -> None:
    elsewhere = backend()
    result = send(client(), url(backend((307, {"Location": url(elsewhere)}, b""))))
    assert (result.ok, result.code, elsewhere.requests) == (False, 307, [])
    assert url(elsewhere) in result.message


def test_a_huge_answer_is_not_kept(backend: Any, client: Any) -> None:
    server = backend((200, {"Content-Type": PROTOBUF}, bytes(2_000_000)))
    result = send(client(max_response_bytes=1_000_000), url(server))
    assert (result.ok, result.code) == (False, 0) and "1000000 bytes" in result.message


# -- connections --------------------------------------------------------------------------------


def test_connections_are_kept_and_shared_out(backend: Any, client: Any) -> None:
    server, sender = backend(), client()
    assert all(send(sender, url(server)).ok for _ in range(20))
    assert len({seen.client for seen in server.requests}) == 1
    with ThreadPoolExecutor(4) as pool:
        assert all(result.ok for result in pool.map(lambda _: send(sender, url(server)), range(80)))
    assert len({seen.client for seen in server.requests}) <= 4


def test_keep_alive_can_be_switched_off(backend: Any, client: Any) -> None:
    server, sender = backend(), client(disable_keep_alives=True)
    assert all(send(sender, url(server)).ok for _ in range(3))
    assert len({seen.client for seen in server.requests}) == 3


def test_no_more_connections_than_allowed(backend: Any, client: Any) -> None:
    busy, most, lock = 0, 0, threading.Lock()

    def answer(_: Seen) -> Answer:
        nonlocal busy, most
        with lock:
            busy, most = busy + 1, max(most, busy + 1)
        threading.Event().wait(0.005)
        with lock:
            busy -= 1
        return 200, {}, b""

    server, sender = backend(answer), client(max_conns_per_host=2)
    with ThreadPoolExecutor(8) as pool:
        assert all(result.ok for result in pool.map(lambda _: send(sender, url(server)), range(40)))
    assert most <= 2 and len({seen.client for seen in server.requests}) <= 2


def test_idle_connections_are_closed(peer: Any, client: Any) -> None:
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        while connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        ended.set()

    assert send(client(idle_conn_timeout_s=0.02), url(peer(serve))).ok
    assert ended.wait(10)


@pytest.mark.parametrize("how", ["close", "reset"])
def test_a_kept_connection_that_the_peer_has_closed_is_no_failure(peer: Any, client: Any, how: str) -> None:
    """The peer closes when the second request arrives: the worst moment."""
    served = []

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        served.append(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.recv(1)
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RDWR)

    sender, server = client(), peer(serve)
    assert all(send(sender, url(server)).ok for _ in range(4))
    assert len(served) == 4


def test_a_new_connection_that_breaks_is_not_tried_again(peer: Any, client: Any) -> None:
    served = []

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        served.append(connection)
        connection.shutdown(socket.SHUT_RDWR)

    result = send(client(), url(peer(serve)))
    assert (result.ok, result.code, len(served)) == (False, 0, 1) and "lost" in result.message


def test_garbage_is_called_so(peer: Any, client: Any) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"220 mail.example ESMTP\r\n")

    result = send(client(), url(peer(serve)))
    assert (result.ok, result.code) == (False, 0) and "did not answer in HTTP" in result.message


def test_an_answer_before_the_whole_request_was_read_counts(peer: Any, client: Any) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    before = live_bytes()
    batch = large()
    assert send(client(), url(peer(serve)), batch).code == 413
    del batch
    settled(lambda: live_bytes() == before)


def test_a_refused_connection_says_by_whom(client: Any, dead_port: int) -> None:
    result = send(client(), url(dead_port))
    assert (result.ok, result.code, result.message) == (False, 0, f"connection refused by 127.0.0.1:{dead_port}")
    assert "no-such.invalid" in send(client(), "http://no-such.invalid/").message


def test_the_timeout_fires_in_a_black_hole_and_leaks_nothing(client: Any, black_hole: Any) -> None:
    sender, batch = client(), large(2)
    result = send(sender, url(black_hole), timeout_s=0.02)
    assert (result.code, result.message) == (0, f"no answer from 127.0.0.1:{black_hole.port} within 0.02 s")
    files, before = len(list(Path("/proc/self/fd").iterdir())), live_bytes()
    for _ in range(200):
        assert send(sender, url(black_hole), batch, timeout_s=0.001).code == 0
    settled(lambda: live_bytes() == before)
    for connection in black_hole.connections:
        connection.close()
    settled(lambda: len(list(Path("/proc/self/fd").iterdir())) <= files)


def test_a_server_that_comes_back_is_found_again(backend: Any, client: Any) -> None:
    sender, server = client(), backend()
    for _ in range(3):
        assert send(sender, url(server)).ok
        server.stop()
        result = send(sender, url(server))
        assert (result.ok, result.code) == (False, 0)
        server = backend(address=("127.0.0.1", server.port))
        assert send(sender, url(server)).ok


def test_close_ends_a_send_under_way(client: Any, black_hole: Any) -> None:
    sender = client()
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(send, sender, url(black_hole), timeout_s=60)
        settled(lambda: bool(black_hole.connections))
        sender.close()
        assert under_way.result().message == "the client was closed"
    assert send(sender, url(black_hole)).message == "the client was closed"


# -- any request --------------------------------------------------------------------------------


def test_any_request_comes_back_whole(backend: Any, client: Any) -> None:
    server = backend(lambda seen: (201, {"X-A": "1", "x-a ".strip(): "2"}, seen.body * 2))
    status, headers, body = client().request("PUT", url(server) + "?a=b", [("X-Key", "k")], b"abc", 10)
    assert (status, body, headers["x-a"]) == (201, b"abcabc", "1, 2")
    assert (server.requests[0].method, server.requests[0].path) == ("PUT", "/v1/traces?a=b")
    assert server.requests[0].headers["X-Key".lower()] == "k"


def test_a_compressed_answer_is_unpacked_within_bounds(backend: Any, client: Any) -> None:
    def zipped(seen: Seen) -> Answer:
        assert seen.headers["accept-encoding"] == "gzip"
        return 200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(500_000))

    status, headers, body = client().request("GET", url(backend(zipped)), [], b"", 10)
    assert (status, body) == (200, bytes(500_000)) and "content-encoding" not in headers
    with pytest.raises(OSError, match="more than 1000 bytes"):
        client(max_response_bytes=1000).request("GET", url(backend(zipped)), [], b"", 10)


def test_no_answer_is_an_oserror(client: Any, dead_port: int, black_hole: Any) -> None:
    with pytest.raises(ConnectionError, match="refused"):
        client().request("GET", url(dead_port), [], b"", 10)
    with pytest.raises(TimeoutError, match="no answer"):
        client().request("GET", url(black_hole), [], b"", 0.02)
    with pytest.raises(ValueError, match="method"):
        client().request("GE T", url(dead_port), [], b"", 10)


# -- TLS and proxies ----------------------------------------------------------------------------


def server_tls(certificate: tuple[Path, Path], client_ca: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


def test_https_trusts_the_given_authority_only(backend: Any, client: Any, authority: Any) -> None:
    server = backend(context=server_tls(authority.issue("server", "127.0.0.1", "localhost")))
    trusting = client(tls={"ca_file": str(authority.file)})
    assert send(trusting, url(server, "https")).ok
    assert send(trusting, url(server, "https", "localhost"), large()).ok
    assert send(client(tls={"insecure_skip_verify": True}), url(server, "https")).ok
    result = send(client(), url(server, "https"))
    assert (result.ok, result.code) == (False, 0) and "certificate" in result.message


def test_a_client_certificate_is_shown(backend: Any, client: Any, authority: Any) -> None:
    server = backend(context=server_tls(authority.issue("server", "127.0.0.1"), authority.file))
    cert, key = authority.issue("client", "client")
    tls = {"ca_file": str(authority.file), "cert_file": str(cert), "key_file": str(key)}
    assert send(client(tls=tls), url(server, "https")).ok
    assert not send(client(tls={"ca_file": str(authority.file)}), url(server, "https")).ok


def test_bad_options_are_named_at_once() -> None:
    for options, word in [
        ({"colour": 1}, "colour"),
        ({"compression": "brotli"}, "brotli"),
        ({"tls": {"ca_file": "/nowhere/ca.pem"}}, "/nowhere/ca.pem"),
        ({"proxy_url": "socks5://x:1"}, "socks5"),
    ]:
        with pytest.raises(ValueError, match=word):
            HttpClient(json.dumps(options).encode())


def test_a_plain_request_goes_through_the_proxy_whole(backend: Any, client: Any) -> None:
    proxy = backend()
    sender = client(proxy_url=f"http://me:pw@127.0.0.1:{proxy.port}")
    assert send(sender, "http://collector.example:4318/v1/traces").ok
    seen = proxy.requests[0]
    assert (seen.path, seen.headers["host"]) == ("http://collector.example:4318/v1/traces", "collector.example:4318")
    assert seen.headers["proxy-authorization"] == "Basic bWU6cHc="


def test_the_environment_names_the_proxy_and_exceptions(backend: Any, client: Any, monkeypatch: Any) -> None:
    proxy, direct = backend(), backend()
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
    assert send(client(), "http://collector.example/").ok
    assert send(client(), url(direct)).ok  # loopback is never proxied
    assert (len(proxy.requests), len(direct.requests)) == (1, 1)


def test_https_goes_through_a_tunnel(backend: Any, client: Any, peer: Any, authority: Any) -> None:
    server = backend(context=server_tls(authority.issue("server", "collector.example")))
    asked: list[bytes] = []

    def tunnel(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        if b"forbidden" in asked[-1]:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", server.port)) as onward:
            threading.Thread(target=pump, args=(onward, connection), daemon=True).start()
            pump(connection, onward)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    sender = client(proxy_url=f"http://me:pw@127.0.0.1:{peer(tunnel).port}", tls={"ca_file": str(authority.file)})
    assert send(sender, "https://collector.example/v1/traces", large()).ok
    assert asked[0].startswith(b"CONNECT collector.example:443 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cHc=\r\n" in asked[0]
    assert "403" in send(sender, "https://forbidden.example/").message
