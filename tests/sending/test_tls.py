"""The TLS keys reach the connection: who is believed, and who we say we are."""

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

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

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._cert = self._sign("authority", self._key.public_key(), None)
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


def send(endpoint, tls):
    sender = GrpcSender(component_context(), GrpcClientSettings(endpoint=endpoint, tls=tls, timeout=Duration(5)))
    try:
        return sender.send(items("traces", 1), 5.0)
    finally:
        sender.close()


def test_files_prove_both_sides(endpoint, files):
    assert send(endpoint, TlsClientSettings(**files)) == Sent()


def test_so_does_pem_text(endpoint, authority):
    cert, key = authority.issue("client")
    pem = {"ca_pem": authority.pem, "cert_pem": cert, "key_pem": key}
    assert send(endpoint, TlsClientSettings(**{k: Secret(v.decode()) for k, v in pem.items()})) == Sent()


def test_the_servers_name_can_be_overridden_and_counts(endpoint, files):
    assert send(endpoint, TlsClientSettings(server_name_override="backend", **files)) == Sent()
    with pytest.raises(Retryable):
        send(endpoint, TlsClientSettings(server_name_override="somebody-else", **files))


def test_a_stranger_is_not_believed_unless_told_so(endpoint, files):
    stranger = Secret(Authority().pem.decode())
    own = {key: files[key] for key in ("cert_file", "key_file")}
    with pytest.raises(Retryable):
        send(endpoint, TlsClientSettings(ca_pem=stranger, **own))
    assert send(endpoint, TlsClientSettings(ca_pem=stranger, insecure_skip_verify=True, **own)) == Sent()


def test_without_a_client_certificate_the_server_refuses(endpoint, files):
    with pytest.raises(Retryable):
        send(endpoint, TlsClientSettings(ca_file=files["ca_file"]))
