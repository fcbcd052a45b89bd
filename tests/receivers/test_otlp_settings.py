"""The otlp receiver's keys for its servers: limits, ages and pings of connections, TLS, and what changes nothing."""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from otelier.component import Duration, Secret
from otelier.server.grpc import KeepaliveEnforcementPolicy, KeepaliveServerParameters, KeepaliveServerSettings
from otelier.server.http import CorsSettings
from otelier.server.tls import CIPHER_SUITES
from otelier.testing import MemoryExporter, items

from .certificates import Authority, client, post, tls

Run = Callable[..., Any]
WAIT_S = 20
GOAWAY = 7
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"


def keepalive(**keys: float) -> dict[str, Any]:
    times = {key: Duration(value) for key, value in keys.items()}
    return {"keepalive": KeepaliveServerSettings(server_parameters=KeepaliveServerParameters(**times))}


def until_closed(connection: socket.socket) -> None:
    """Read until the server ends the connection."""
    connection.settimeout(WAIT_S)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass


@pytest.mark.proves("server.GrpcServerSettings.max_recv_msg_size_mib")
@pytest.mark.parametrize(("mib", "taken"), [(1, False), (0, True)])
def test_the_largest_grpc_request(run: Run, mib: int, taken: bool):
    it = run(http=None, grpc={"max_recv_msg_size_mib": mib})
    body = items("traces", 20_000).to_otlp()
    assert 2**20 < len(body) < 4 * 2**20
    if taken:
        assert it.grpc("traces", body) == b""
        return
    with pytest.raises(grpc.RpcError) as error:
        it.grpc("traces", body)
    assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.proves("server.HttpServerSettings.max_request_body_size")
def test_the_largest_http_body(run: Run):
    it = run(grpc=None, http={"max_request_body_size": 1000})
    assert it.post("traces", items("traces", 1).to_otlp()).status == 200
    assert it.post("traces", items("traces", 50).to_otlp()).status == 413


class Gate(MemoryExporter):
    """Lets nothing pass until it is opened; counts who waits."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)

    def consume(self, batch: Any) -> None:
        self.entered.release()
        self.opened.wait(WAIT_S)
        super().consume(batch)


@pytest.mark.proves("server.GrpcServerSettings.max_concurrent_streams")
def test_requests_at_once_on_one_connection(run: Run):
    gate = Gate()
    it = run(http=None, grpc={"max_concurrent_streams": 1}, outputs={"traces": gate})
    body = items("traces", 1).to_otlp()
    it.grpc("traces", b"")  # connects, and learns the limit
    call = it.channels[0].unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export")
    first = call.future(body, timeout=WAIT_S)
    assert gate.entered.acquire(timeout=WAIT_S)
    with pytest.raises(grpc.RpcError) as error:  # stays with the client until its time is over
        call(body, timeout=0.2)
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    gate.opened.set()
    assert first.result() == b""
    assert gate.items == 1


@pytest.mark.proves("server.KeepaliveServerParameters.max_connection_idle")
def test_an_idle_connection_is_closed(run: Run):
    it = run(http=None, grpc=keepalive(max_connection_idle=0.05))
    with socket.create_connection(it.receiver.address("grpc"), timeout=WAIT_S) as connection:
        connection.sendall(PREFACE)
        until_closed(connection)


@pytest.mark.proves("server.KeepaliveServerParameters.max_connection_age")
def test_an_old_connection_is_told_to_go(run: Run):
    it = run(http=None, grpc=keepalive(max_connection_age=0.05))
    with socket.create_connection(it.receiver.address("grpc"), timeout=WAIT_S) as connection:
        connection.sendall(PREFACE)
        frames = connection.makefile("rb")
        kind = None
        while kind != GOAWAY:
            head = frames.read(9)
            kind = head[3]
            frames.read(int.from_bytes(head[:3]))


@pytest.mark.proves("server.KeepaliveServerParameters.{time,timeout}")
def test_a_client_that_answers_no_pings_is_cut_off(run: Run):
    it = run(http=None, grpc=keepalive(time=0.05, timeout=0.05))
    with socket.create_connection(it.receiver.address("grpc"), timeout=WAIT_S) as connection:
        connection.sendall(PREFACE)
        until_closed(connection)


@pytest.mark.proves("server.KeepaliveServerParameters.max_connection_age_grace")
def test_what_is_under_way_has_a_time_of_grace(run: Run):
    gate = Gate()
    settings = keepalive(max_connection_age=0.05, max_connection_age_grace=0.1)
    it = run(http=None, grpc=settings, outputs={"traces": gate})
    with pytest.raises(grpc.RpcError) as error:
        it.grpc("traces", items("traces", 1).to_otlp())
    assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    gate.opened.set()


@pytest.mark.proves(
    "server.GrpcServerSettings.{read_buffer_size,write_buffer_size}",
    "server.KeepaliveEnforcementPolicy.{min_time,permit_without_stream}",
)
@pytest.mark.parametrize(
    "keys",
    [
        {"read_buffer_size": 1},
        {"write_buffer_size": 1},
        {
            "keepalive": KeepaliveServerSettings(
                enforcement_policy=KeepaliveEnforcementPolicy(min_time=Duration(3600), permit_without_stream=False)
            )
        },
    ],
)
def test_keys_that_only_tune_gos_server_change_nothing(run: Run, keys: dict[str, Any]):
    it = run(http=None, grpc=keys)
    assert it.grpc("traces", items("traces", 1).to_otlp()) == b""
    assert it.out.items == 1


@pytest.mark.proves("server.HttpServerSettings.keep_alives_enabled")
@pytest.mark.parametrize(("keeps", "open_after"), [(True, True), (False, False)])
def test_http_connections_are_kept_unless_told_otherwise(run: Run, keeps: bool, open_after: bool):
    it = run(grpc=None, http={"keep_alives_enabled": keeps})
    connection = http.client.HTTPConnection(*it.receiver.address("http"), timeout=WAIT_S)
    connection.request("POST", "/v1/traces", b"", {"content-type": "application/x-protobuf"})
    answer = connection.getresponse()
    answer.read()
    assert (connection.sock is not None and not answer.will_close) is open_after
    connection.close()


@pytest.mark.proves("server.HttpServerSettings.idle_timeout")
def test_an_idle_http_connection_is_closed(run: Run):
    it = run(grpc=None, http={"idle_timeout": Duration(0.1)})
    head = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n"
    with it.raw(head) as connection:
        until_closed(connection)


@pytest.mark.proves("server.HttpServerSettings.write_timeout")
def test_an_answer_that_takes_too_long(run: Run):
    gate = Gate()
    it = run(grpc=None, http={"write_timeout": Duration(0.1)}, outputs={"traces": gate})
    assert it.post("traces", items("traces", 1).to_otlp()).status >= 500
    gate.opened.set()


@pytest.mark.proves("server.HttpServerSettings.compression_algorithms")
def test_only_named_encodings_are_taken(run: Run):
    it = run(grpc=None, http={"compression_algorithms": ("", "gzip")})
    body = items("traces", 1).to_otlp()
    assert it.post("traces", body).status == 200
    assert it.post("traces", body, headers={"content-encoding": "zstd"}).status == 400


@pytest.mark.proves("server.HttpServerSettings.response_headers")
def test_every_answer_has_the_given_headers(run: Run):
    it = run(grpc=None, http={"response_headers": {"x-server": Secret("otelier")}})
    assert it.post("traces", b"").headers["x-server"] == "otelier"


@pytest.mark.proves("server.CorsSettings.{allowed_headers,exposed_headers,max_age}")
def test_pages_are_told_what_they_may_do(run: Run):
    cors = CorsSettings(
        allowed_origins=("https://a.example",), allowed_headers=("x-a",), exposed_headers=("x-b",), max_age=60
    )
    it = run(grpc=None, http={"cors": cors})
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-a"}
    origin = {"origin": "https://a.example"}
    answer = it.post("traces", b"", "", method="OPTIONS", headers=asks | origin)
    assert answer.headers["access-control-max-age"] == "60"
    assert "x-a" in answer.headers["access-control-allow-headers"]
    assert it.post("traces", b"", headers=origin).headers["access-control-expose-headers"].lower() == "x-b"


@pytest.mark.proves("server.ServerSettings.transport")
def test_the_kind_of_socket(run: Run):
    it = run(grpc=None, http={"transport": "tcp6", "endpoint": "[::1]:0"})
    assert it.receiver.address("http")[0] == "::1"
    assert it.post("traces", b"").status == 200
    it = run(grpc=None, http={"transport": "tcp4", "endpoint": "127.0.0.1:0"})
    assert it.post("traces", b"").status == 200


# -- TLS ----------------------------------------------------------------------------------------


@pytest.mark.proves("server.TlsServerSettings.{max_version,cipher_suites}")
def test_the_highest_version_and_the_suites_of_tls(run: Run, authority: Authority):
    suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert suite in CIPHER_SUITES
    it = run(grpc=None, http=tls(**authority.issue("server"), max_version="1.2", cipher_suites=(suite,)))
    context = client(authority)
    connection = http.client.HTTPSConnection(
        "localhost", it.receiver.address("http")[1], timeout=WAIT_S, context=context
    )
    connection.connect()
    assert isinstance(connection.sock, ssl.SSLSocket)
    assert connection.sock.version() == "TLSv1.2"
    assert connection.sock.cipher()[0] == "ECDHE-ECDSA-AES128-GCM-SHA256"
    connection.close()
    context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
    with pytest.raises((ssl.SSLError, OSError)):
        post(it, context)


@pytest.mark.proves("server.TlsServerSettings.client_ca_file_reload")
def test_authorities_of_clients_are_read_again(run: Run, authority: Authority, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "other")
    believed = tmp_path / "clients.pem"
    believed.write_bytes(other.file.read_bytes())
    keys = {"client_ca_file": str(believed), "client_ca_file_reload": True, "reload_interval": Duration(0.02)}
    it = run(grpc=None, http=tls(**authority.issue("server"), **keys))
    context = client(authority, authority.issue("client"))
    with pytest.raises((ssl.SSLError, OSError)):
        post(it, context)
    believed.write_bytes(authority.file.read_bytes())
    while True:  # ended by the test's own time limit if it never happens
        try:
            assert post(it, context) == 200
        except OSError:
            continue
        break


@pytest.mark.proves("server.TlsServerSettings.{ca_file,ca_pem,include_system_ca_certs_pool}")
def test_keys_of_tls_that_are_for_clients_change_nothing(run: Run, authority: Authority, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "other")
    for keys in (
        {"ca_file": str(other.file), "include_system_ca_certs_pool": True},
        {"ca_pem": Secret(other.file.read_text())},
    ):
        assert post(run(grpc=None, http=tls(**authority.issue("server"), **keys)), client(authority)) == 200
