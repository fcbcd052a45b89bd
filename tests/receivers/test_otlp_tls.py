"""The otlp receiver over TLS: certificates, client certificates, reload, and what is not TLS."""

import http.client
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from otelier.component import Secret, StartError
from otelier.testing import items

from .certificates import Authority, client, post, tls

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


def serial(it, context: ssl.SSLContext) -> int:
    """Serial number of the certificate that the server shows now."""
    connection = http.client.HTTPSConnection("localhost", it.receiver.address("http")[1], timeout=20, context=context)
    try:
        connection.connect()
        return int(connection.sock.getpeercert()["serialNumber"], 16)
    finally:
        connection.close()


@pytest.mark.proves("server.TlsServerSettings.{cert_file,key_file}")
def test_grpc_and_http_are_served_over_tls(run: Callable[..., Any], authority: Authority):
    settings = tls(**authority.issue("server"))
    it = run(grpc=settings, http=settings)
    assert post(it, client(authority)) == 200
    credentials = grpc.ssl_channel_credentials(authority.file.read_bytes())
    with grpc.secure_channel(f"localhost:{it.receiver.address('grpc')[1]}", credentials) as channel:
        assert channel.unary_unary(METHOD)(items("traces", 1).to_otlp(), timeout=20) == b""
    assert it.out.items == 2


def test_plain_text_is_not_served_where_tls_is_spoken(run: Callable[..., Any], authority: Authority):
    it = run(grpc=None, http=tls(**authority.issue("server")))
    answer = it.post("traces", b"")
    assert (answer.status, b"https" in answer.body) == (400, True)
    assert post(it, client(authority)) == 200


@pytest.mark.proves("server.TlsServerSettings.client_ca_file")
def test_clients_must_prove_themselves_where_an_authority_is_set(
    run: Callable[..., Any], authority: Authority, tmp_path: Path
):
    it = run(grpc=None, http=tls(**authority.issue("server"), client_ca_file=str(authority.file)))
    assert post(it, client(authority, authority.issue("client"))) == 200
    stranger = Authority(tmp_path, "stranger").issue("other")
    for context in (client(authority), client(authority, stranger)):
        with pytest.raises((ssl.SSLError, OSError)):
            post(it, context)
    assert it.out.items == 1


@pytest.mark.proves("server.TlsServerSettings.min_version")
def test_versions_of_tls_are_bounded(run: Callable[..., Any], authority: Authority):
    it = run(grpc=None, http=tls(**authority.issue("server"), min_version="1.3"))
    assert post(it, client(authority)) == 200
    with pytest.raises((ssl.SSLError, OSError)):
        post(it, client(authority, maximum_version=ssl.TLSVersion.TLSv1_2))


@pytest.mark.proves("server.TlsServerSettings.reload_interval")
def test_certificates_are_read_again_without_a_restart(run: Callable[..., Any], authority: Authority):
    it = run(grpc=None, http=tls(**authority.issue("server"), reload_interval=0.02))
    context = client(authority)
    first = serial(it, context)
    authority.issue("server")
    while serial(it, context) == first:  # ended by the test's own time limit if it never happens
        pass
    assert post(it, context) == 200


@pytest.mark.proves("server.TlsServerSettings.{cert_pem,key_pem}")
def test_inline_certificates_are_taken(run: Callable[..., Any], authority: Authority):
    files = authority.issue("server")
    pem = {name.replace("file", "pem"): Secret(Path(path).read_text()) for name, path in files.items()}
    assert post(run(grpc=None, http=tls(**pem)), client(authority)) == 200


def test_a_file_that_is_no_certificate_is_a_start_error_that_names_it(
    run: Callable[..., Any], authority: Authority, tmp_path: Path
):
    files = authority.issue("server")
    (tmp_path / "server.crt").write_text("nonsense")
    with pytest.raises(StartError, match="cert_file: no certificate"):
        run(grpc=None, http=tls(**files))
    with pytest.raises(StartError, match=r"missing\.key"):
        run(grpc=None, http=tls(**{**authority.issue("server"), "key_file": str(tmp_path / "missing.key")}))
