"""Keys of clients reach the connection: compression, headers, proxies, how many connections and for how long."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import pytest

from otelier.component import Duration, Retryable, Secret, SystemClock
from otelier.sending import (
    GrpcClientSettings,
    GrpcSender,
    HttpClientSettings,
    HttpPoster,
    HttpSender,
    TlsClientSettings,
)
from otelier.sending.clients import AuthSettings, CompressionParams
from otelier.sending.grpc import KeepaliveSettings
from otelier.sending.http import CookieSettings
from otelier.testing import component_context, items

WAIT_S = 20


class HttpServer:
    """Takes whatever is posted; counts connections, and how many requests are there at once."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.sizes: list[int] = []
        self.headers: list[dict[str, str]] = []
        self.opened = self.open = self.at_once = self.most_at_once = 0
        self.changed = threading.Condition()
        self.hold = threading.Event()
        self.hold.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                server._count(opened=1, open=1)

            def finish(self) -> None:
                super().finish()
                server._count(open=-1)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.paths.append(self.path)
                server.sizes.append(len(body))
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server._count(at_once=1)
                server.hold.wait(WAIT_S)
                server._count(at_once=-1)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def until(self, true) -> None:
        with self.changed:
            assert self.changed.wait_for(true, WAIT_S)

    def stop(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()

    def _count(self, **more: int) -> None:
        with self.changed:
            for name, by in more.items():
                setattr(self, name, getattr(self, name) + by)
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.changed.notify_all()


@pytest.fixture
def server() -> Iterator[HttpServer]:
    started = HttpServer()
    yield started
    started.stop()


@pytest.fixture
def poster() -> Iterator:
    made: list[HttpPoster] = []

    def make(**keys) -> HttpPoster:
        settings = HttpClientSettings(**keys)
        assert list(settings.problems()) == []
        made.append(HttpPoster(SystemClock(), settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def post(poster: HttpPoster, url: str) -> None:
    poster.post(url, [], b"x", WAIT_S)


def post_at_once(poster: HttpPoster, server: HttpServer, count: int, until) -> None:
    """Requests that the server holds until `until`."""
    server.hold.clear()
    with ThreadPoolExecutor(count) as pool:
        sent = [pool.submit(post, poster, server.url) for _ in range(count)]
        server.until(until)
        server.hold.set()
        for each in sent:
            each.result()


@pytest.mark.proves("sending.HttpClientSettings.disable_keep_alives")
@pytest.mark.parametrize(("off", "connections"), [(False, 1), (True, 3)])
def test_connections_are_kept_unless_told_otherwise(server, poster, off, connections):
    client = poster(disable_keep_alives=off)
    for _ in range(3):
        post(client, server.url)
    assert server.opened == connections


@pytest.mark.proves("sending.HttpClientSettings.idle_conn_timeout")
def test_idle_connections_are_closed(server, poster):
    post(poster(idle_conn_timeout=Duration(0.01)), server.url)
    server.until(lambda: server.open == 0)


@pytest.mark.proves("sending.HttpClientSettings.{max_idle_conns,max_idle_conns_per_host}")
@pytest.mark.parametrize("key", ["max_idle_conns", "max_idle_conns_per_host"])
def test_only_so_many_idle_connections_are_kept(server, poster, key):
    client = poster(**{key: 1})
    post_at_once(client, server, 3, lambda: server.at_once == 3)
    server.until(lambda: server.open == 1)
    post(client, server.url)
    assert server.opened == 3


@pytest.mark.proves("sending.HttpClientSettings.max_conns_per_host")
def test_only_so_many_connections_to_a_host(server, poster):
    client = poster(max_conns_per_host=2)
    post_at_once(client, server, 6, lambda: server.at_once == 2)
    assert (server.most_at_once, server.opened, len(server.paths)) == (2, 2, 6)


@pytest.mark.proves("sending.HttpClientSettings.proxy_url")
def test_requests_go_through_the_proxy(server, poster):
    post(poster(proxy_url=server.url), "http://backend.invalid/v1/traces")
    assert server.paths == ["http://backend.invalid/v1/traces"]


@pytest.mark.proves("sending.HttpClientSettings.headers")
def test_headers_go_along(server, poster):
    post(poster(headers={"X-Token": Secret("abc")}), server.url)
    assert server.headers[0]["x-token"] == "abc"


@pytest.mark.proves("sending.CompressionParams.level")
def test_the_level_of_compression(server):
    for level in (1, 9):
        params = CompressionParams(level=level)
        sender = HttpSender(HttpClientSettings(compression_params=params), "proto", lambda _: server.url)
        sender.send(items("traces", 500), WAIT_S)
        sender.close()
    easy, hard = server.sizes
    assert hard < easy


@pytest.mark.proves(
    "sending.HttpClientSettings.{read_buffer_size,write_buffer_size}",
    "sending.HttpClientSettings.{force_attempt_http2,http2_read_idle_timeout,http2_ping_timeout}",
)
@pytest.mark.parametrize(
    "keys",
    [
        {"read_buffer_size": 4096},
        {"write_buffer_size": 1},
        {"force_attempt_http2": False},
        {"http2_read_idle_timeout": Duration(1)},
        {"http2_ping_timeout": Duration(1)},
        {"cookies": CookieSettings()},
    ],
)
def test_keys_that_only_tune_gos_client_change_nothing(server, poster, keys):
    post(poster(**keys), server.url)
    assert server.paths == ["/"]


@pytest.mark.proves("sending.CookieSettings.enabled", "sending.AuthSettings.authenticator")
def test_cookies_and_authenticators_are_not_taken():
    assert [path for path, _ in HttpClientSettings(cookies=CookieSettings(enabled=True)).problems()] == [
        "cookies.enabled"
    ]
    [(path, text)] = AuthSettings(authenticator="oauth2client").problems()
    assert path == "authenticator"
    assert "headers" in text


# -- gRPC ---------------------------------------------------------------------------------------


class GrpcServer:
    """Takes whatever is sent and remembers its metadata."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []

        class Takes(grpc.GenericRpcHandler):
            def service(_self, details):  # noqa: N805
                def take(_request: bytes, context: grpc.ServicerContext) -> bytes:
                    self.requests.append(dict(context.invocation_metadata()))
                    return b""

                return grpc.unary_unary_rpc_method_handler(take)

        self._server = grpc.server(ThreadPoolExecutor(4), handlers=[Takes()], options=[("grpc.so_reuseport", 0)])
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    def stop(self) -> None:
        self._server.stop(0).wait()


@pytest.fixture
def backend() -> Iterator:
    made: list[GrpcServer] = []

    def start() -> GrpcServer:
        made.append(GrpcServer())
        return made[-1]

    yield start
    for each in made:
        each.stop()


def send(endpoint: str, **keys) -> None:
    settings = GrpcClientSettings(**{"endpoint": endpoint, "tls": TlsClientSettings(insecure=True)} | keys)
    assert list(settings.problems()) == []
    sender = GrpcSender(component_context(), settings)
    try:
        sender.send(items("traces", 1), WAIT_S)
    finally:
        sender.close()


@pytest.mark.proves("sending.GrpcClientSettings.headers")
def test_metadata_goes_along(backend):
    server = backend()
    send(f"127.0.0.1:{server.port}", headers={"X-Token": Secret("abc")})
    assert server.requests[0]["x-token"] == "abc"


@pytest.mark.proves("sending.GrpcClientSettings.{read_buffer_size,write_buffer_size,wait_for_ready}")
@pytest.mark.parametrize(
    "keys",
    [
        {"read_buffer_size": 4096},
        {"write_buffer_size": 1},
        {"wait_for_ready": True},
        {"keepalive": KeepaliveSettings(time=Duration(0))},
    ],
)
def test_keys_that_only_tune_gos_grpc_change_nothing(backend, keys):
    server = backend()
    send(f"127.0.0.1:{server.port}", **keys)
    assert len(server.requests) == 1


@pytest.fixture
def silent() -> Iterator[tuple[str, threading.Event]]:
    """(endpoint that takes a connection and never answers, set when the client has closed it)."""
    closed = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def swallow() -> None:
            connection, _ = listener.accept()
            with connection:
                while connection.recv(65536):
                    pass
            closed.set()

        threading.Thread(target=swallow, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", closed


@pytest.mark.proves("sending.KeepaliveSettings.{time,timeout}")
def test_a_dead_connection_is_found_by_pings(silent):
    endpoint, closed = silent
    with pytest.raises(Retryable, match="UNAVAILABLE"):
        send(endpoint, keepalive=KeepaliveSettings(time=Duration(0.05), timeout=Duration(0.05)))
    assert closed.wait(WAIT_S)


@pytest.mark.proves("sending.KeepaliveSettings.permit_without_stream")
def test_pings_go_on_without_a_request_if_allowed(silent):
    endpoint, closed = silent
    keepalive = KeepaliveSettings(time=Duration(0.3), timeout=Duration(0.05), permit_without_stream=True)
    settings = GrpcClientSettings(endpoint=endpoint, tls=TlsClientSettings(insecure=True), keepalive=keepalive)
    sender = GrpcSender(component_context(), settings)
    with pytest.raises(Retryable):
        sender.send(items("traces", 1), 0.1)
    assert closed.wait(WAIT_S)
    sender.close()


@pytest.mark.proves("sending.TlsClientSettings.insecure")
def test_tls_is_spoken_unless_told_otherwise(backend):
    server = backend()
    with pytest.raises(Retryable):
        send(f"127.0.0.1:{server.port}", tls=TlsClientSettings())
    send(f"127.0.0.1:{server.port}", tls=TlsClientSettings(insecure=True))
    assert len(server.requests) == 1
