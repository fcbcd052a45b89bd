"""TLS and proxies of the HTTP client."""

import json
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest

from otelier._core import HttpClient

from ..peers import large
from .backend import send, url


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
