"""TLS of the gRPC client."""

import threading
from pathlib import Path
from typing import Any

import grpc

from .backend import DEADLINE_EXCEEDED, UNAVAILABLE, send


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
