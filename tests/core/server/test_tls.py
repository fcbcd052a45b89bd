"""TLS of servers: who is believed, what is refused, and that certificates are renewed without a restart."""

import http.client
import json
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from otelier._core import Inbox, Server
from otelier.testing import span, traces

from ..client.peers import Authority, settled
from .served import Served, closed, connect, export, one_span, post

Serve = Callable[..., Served]


@pytest.fixture
def keys(authority: Authority) -> tuple[Path, Path]:
    return authority.issue("server", "localhost", "127.0.0.1")


def tls(keys: tuple[Path, Path], **more: Any) -> dict[str, Any]:
    return {"cert_file": str(keys[0]), "key_file": str(keys[1]), **more}


def https(served: Served, authority: Authority, **more: Any) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(authority.file))
    if "client" in more:
        context.load_cert_chain(*more["client"])
    for key in ("minimum_version", "maximum_version"):
        if key in more:
            setattr(context, key, more[key])
    return http.client.HTTPSConnection("localhost", served.port, timeout=20, context=context)


def credentials(authority: Authority, client: tuple[Path, Path] | None = None) -> grpc.ChannelCredentials:
    certificate, key = (client[0].read_bytes(), client[1].read_bytes()) if client else (None, None)
    return grpc.ssl_channel_credentials(authority.file.read_bytes(), key, certificate)


def test_tls_is_spoken_over_both_protocols(serve: Serve, authority: Authority, keys: tuple[Path, Path]) -> None:
    over_http, over_grpc = serve("otlp_http", tls=tls(keys)), serve(tls=tls(keys))
    data = traces(span(attributes={"filler": "x" * 300_000})).to_otlp()
    assert post(over_http, data, https(over_http, authority)) == 200
    assert export(over_grpc, data, credentials(authority)) == b""
    assert over_http.batches[0].to_otlp() == over_grpc.batches[0].to_otlp() == data


def test_certificates_may_be_given_inline(serve: Serve, authority: Authority, keys: tuple[Path, Path]) -> None:
    served = serve("otlp_http", tls={"cert_pem": keys[0].read_text(), "key_pem": keys[1].read_text()})
    assert post(served, one_span(), https(served, authority)) == 200


def test_only_clients_of_the_right_authority_get_in(
    serve: Serve, authority: Authority, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    served = serve("otlp_http", tls=tls(keys, client_ca_file=str(authority.file)))
    over_grpc = serve(tls=tls(keys, client_ca_file=str(authority.file)))
    good = authority.issue("client", "client")
    (tmp_path / "other").mkdir()
    stranger = Authority(tmp_path / "other", "stranger").issue("client", "client")
    expired = authority.issue("expired", "client", days=-2)
    assert post(served, one_span(), https(served, authority, client=good)) == 200
    assert export(over_grpc, one_span(), credentials(authority, good)) == b""
    for wrong in ({}, {"client": stranger}, {"client": expired}):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            post(served, one_span(), https(served, authority, **wrong))
    with pytest.raises(grpc.RpcError):
        export(over_grpc, one_span(), credentials(authority))
    served.until(lambda: served.count("connections_refused", reason="tls_handshake") == 3)
    assert served.items == 1


def test_a_client_sees_whom_it_talks_to(serve: Serve, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for keys in (
        Authority(tmp_path / "other", "stranger").issue("server", "localhost"),
        authority.issue("elsewhere", "elsewhere.example"),
        authority.issue("expired", "localhost", days=-2),
    ):
        served = serve("otlp_http", tls=tls(keys))
        with pytest.raises(ssl.SSLCertVerificationError):
            post(served, one_span(), https(served, authority))


def test_plain_text_on_a_tls_port_is_told(serve: Serve, keys: tuple[Path, Path]) -> None:
    served = serve("otlp_http", tls=tls(keys))
    answer = closed(connect(served, b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"https" in answer
    served.until(lambda: served.count("connections_refused", reason="wrong_protocol") == 1)


def test_tls_on_a_plain_port_ends(serve: Serve, authority: Authority) -> None:
    for kind in ("otlp_http", "grpc"):
        served = serve(kind)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            post(served, one_span(), https(served, authority))


def test_versions_are_bounded(serve: Serve, authority: Authority, keys: tuple[Path, Path]) -> None:
    new = serve("otlp_http", tls=tls(keys, min_version="1.3"))
    old = serve(
        "otlp_http", tls=tls(keys, max_version="1.2", cipher_suites=["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"])
    )
    v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    assert post(new, one_span(), https(new, authority, minimum_version=v13)) == 200
    with pytest.raises(ssl.SSLError):
        post(new, one_span(), https(new, authority, maximum_version=v12))
    assert post(old, one_span(), https(old, authority, maximum_version=v12)) == 200
    with pytest.raises(ssl.SSLError):
        post(old, one_span(), https(old, authority, minimum_version=v13))
    for wrong in ({"min_version": "1.0"}, {"cipher_suites": ["TLS_RSA_WITH_RC4_128_SHA"]}, {"key_file": str(keys[0])}):
        options = {"kind": "http", "host": "127.0.0.1", "port": 0, "tls": tls(keys) | wrong}
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Server(json.dumps(options).encode(), Inbox(1))


def test_a_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not(
    serve: Serve, authority: Authority, keys: tuple[Path, Path]
) -> None:
    served = serve("otlp_http", tls=tls(keys, reload_interval_s=0.01))

    def name() -> Any:
        connection = https(served, authority)
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        found: Any = connection.sock.getpeercert()
        connection.close()
        return found["subject"][0][0][1]

    assert name() == "server"
    renewed = authority.issue("renewed", "localhost")
    keys[0].write_bytes(renewed[0].read_bytes())
    keys[1].write_bytes(renewed[1].read_bytes())
    settled(lambda: name() == "renewed")
    keys[0].write_bytes(b"broken")
    threading.Event().wait(0.05)
    assert name() == "renewed"


def test_a_silent_tls_handshake_ends(serve: Serve, keys: tuple[Path, Path]) -> None:
    served = serve("otlp_http", tls=tls(keys), limits={"header_timeout_s": 0.2})
    assert closed(connect(served)) == b""
    assert closed(connect(served, b"\x16\x03\x01\x02\x00")) == b""
    served.until(lambda: served.count("connections_refused", reason="slow_headers") == 2)
