"""The TLS keys reach the connection: who is believed, and who we say we are."""

import ipaddress
import json
import os
import queue
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from otelier.component import Duration, Retryable, Secret
from otelier.sending import GrpcClientSettings, GrpcSender, Sent, TlsClientSettings
from otelier.testing import component_context, items


class Authority:
    """A throw-away certificate authority."""

    def __init__(self, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._cert = self._sign(name, self._key.public_key(), None)
        self.pem = self._cert.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """(certificate, key) for 127.0.0.1 and `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._sign(name, key.public_key(), self._cert.subject)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cert.public_bytes(serialization.Encoding.PEM), private

    def _sign(self, name, public_key, issuer):
        now = datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or subject)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def endpoint(authority):
    """A gRPC server that wants client certificates."""
    cert, key = authority.issue("backend")
    server = grpc.server(ThreadPoolExecutor(2))

    class Takes(grpc.GenericRpcHandler):
        def service(self, handler_call_details):
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"")

    server.add_generic_rpc_handlers([Takes()])
    port = server.add_secure_port(
        "127.0.0.1:0", grpc.ssl_server_credentials([(key, cert)], authority.pem, require_client_auth=True)
    )
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture
def files(authority, tmp_path):
    cert, key = authority.issue("client")
    found = {}
    for name, pem in (("ca", authority.pem), ("cert", cert), ("key", key)):
        (tmp_path / name).write_bytes(pem)
        found[f"{name}_file"] = str(tmp_path / name)
    return found


def send(endpoint, tls, **keys):
    settings = GrpcClientSettings(endpoint=endpoint, tls=tls, timeout=Duration(5), **keys)
    sender = GrpcSender(component_context(), settings)
    try:
        return sender.send(items("traces", 1), 5.0)
    finally:
        sender.close()


@pytest.mark.proves("sending.TlsClientSettings.{ca_file,cert_file,key_file}")
def test_files_prove_both_sides(endpoint, files):
    assert send(endpoint, TlsClientSettings(**files)) == Sent()


@pytest.mark.proves("sending.TlsClientSettings.{ca_pem,cert_pem,key_pem}")
def test_so_does_pem_text(endpoint, authority):
    cert, key = authority.issue("client")
    pem = {"ca_pem": authority.pem, "cert_pem": cert, "key_pem": key}
    assert send(endpoint, TlsClientSettings(**{k: Secret(v.decode()) for k, v in pem.items()})) == Sent()


@pytest.mark.proves("sending.TlsClientSettings.server_name_override")
def test_the_servers_name_can_be_overridden_and_counts(endpoint, files):
    assert send(endpoint, TlsClientSettings(server_name_override="backend", **files)) == Sent()
    with pytest.raises(Retryable):
        send(endpoint, TlsClientSettings(server_name_override="somebody-else", **files))


@pytest.mark.proves("sending.TlsClientSettings.insecure_skip_verify")
def test_a_stranger_is_not_believed_unless_told_so(endpoint, files):
    stranger = Secret(Authority().pem.decode())
    own = {key: files[key] for key in ("cert_file", "key_file")}
    with pytest.raises(Retryable):
        send(endpoint, TlsClientSettings(ca_pem=stranger, **own))
    assert send(endpoint, TlsClientSettings(ca_pem=stranger, insecure_skip_verify=True, **own)) == Sent()


def test_without_a_client_certificate_the_server_refuses(endpoint, files):
    with pytest.raises(Retryable):
        send(endpoint, TlsClientSettings(ca_file=files["ca_file"]))


@pytest.mark.proves("sending.GrpcClientSettings.authority")
def test_the_authority_is_whom_the_certificate_must_name(endpoint, files):
    assert send(endpoint, TlsClientSettings(**files), authority="backend") == Sent()
    with pytest.raises(Retryable):
        send(endpoint, TlsClientSettings(**files), authority="somebody-else")


@pytest.mark.proves("sending.TlsClientSettings.{min_version,max_version}")
def test_versions_are_bounded(tls_1_2, authority):
    ca = Secret(authority.pem.decode())
    assert said(tls_1_2, TlsClientSettings(ca_pem=ca, max_version="1.2")) == "TLSv1.2"
    assert said(tls_1_2, TlsClientSettings(ca_pem=ca)) == "TLSv1.2"
    assert said(tls_1_2, TlsClientSettings(ca_pem=ca, min_version="1.3")) == ""


@pytest.mark.proves("sending.TlsClientSettings.reload_interval")
def test_changed_files_are_read_again(endpoint, files, authority):
    ca = Path(files["ca_file"])
    ca.write_bytes(Authority().pem)
    settings = GrpcClientSettings(
        endpoint=endpoint, tls=TlsClientSettings(reload_interval=Duration(0.001), **files), timeout=Duration(5)
    )
    sender = GrpcSender(component_context(), settings)
    with pytest.raises(Retryable):
        sender.send(items("traces", 1), 5.0)
    ca.write_bytes(authority.pem)
    until_taken(sender)
    sender.close()


SENDS = """
import json, sys
from otelier.sending import GrpcClientSettings, GrpcSender, TlsClientSettings
from otelier.testing import component_context, items
endpoint, keys = sys.argv[1], json.loads(sys.argv[2])
GrpcSender(component_context(), GrpcClientSettings(endpoint=endpoint, tls=TlsClientSettings(**keys))).send(
    items("traces", 1), 5.0)
"""
"""In a process of its own, because the system's authorities are read once."""


@pytest.mark.proves("sending.TlsClientSettings.include_system_ca_certs_pool")
@pytest.mark.parametrize("asked", [True, False])
def test_the_systems_authorities_are_believed_besides_ones_own_if_asked(endpoint, files, tmp_path, asked):
    stranger = tmp_path / "stranger"
    stranger.write_bytes(Authority("stranger").pem)
    keys = files | {"ca_file": str(stranger), "include_system_ca_certs_pool": asked}
    system = os.environ | {"SSL_CERT_FILE": files["ca_file"]}  # as OpenSSL has it
    ended = subprocess.run(
        [sys.executable, "-c", SENDS, endpoint, json.dumps(keys)], env=system, stderr=subprocess.PIPE
    )
    assert (ended.returncode == 0) is asked, ended.stderr.decode()


def until_taken(sender):
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        try:
            return sender.send(items("traces", 1), 5.0)
        except Retryable:
            threading.Event().wait(0.02)  # the connection's back-off passes first
    raise AssertionError("the new file was not read")


@pytest.fixture
def tls_1_2(authority, tmp_path):
    """(port, versions of the handshakes that succeeded) of a server that speaks no newer TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    for name, pem in zip(("cert", "key"), authority.issue("backend"), strict=True):
        (tmp_path / f"server-{name}").write_bytes(pem)
    context.load_cert_chain(tmp_path / "server-cert", tmp_path / "server-key")
    context.set_alpn_protocols(["h2"])
    spoken = queue.SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) as wrapped:
                        spoken.put(wrapped.version())
                except OSError:
                    spoken.put("")

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1], spoken


def said(server, tls):
    """The version that was agreed on; empty if there was none."""
    port, spoken = server
    with pytest.raises(Retryable):  # it speaks TLS, but no gRPC
        send(f"127.0.0.1:{port}", tls)
    return spoken.get(timeout=20)
