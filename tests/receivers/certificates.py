"""A certificate authority, HTTPS clients that believe it, and servers that it has signed for."""

import datetime
import http.client
import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from otelier.server.tls import TlsServerSettings
from otelier.testing import items

BODY = {"content-type": "application/x-protobuf"}


class Authority:
    """Signs certificates and writes them as PEM files."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._made = 0
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._sign(self._name, self._key, ca=True))

    def issue(self, name: str) -> dict[str, str]:
        """Paths of a new certificate for localhost and its key, by their configuration keys."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        cert_file, key_file = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        cert_file.write_bytes(self._sign(subject, key, ca=False))
        form, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
        key_file.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return {"cert_file": str(cert_file), "key_file": str(key_file)}

    def _sign(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        self._made += 1
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(self._made)
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def client(authority: Authority, own: dict[str, str] | None = None, **versions: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.file))
    if own:
        context.load_cert_chain(own["cert_file"], own["key_file"])
    for name, version in versions.items():
        setattr(context, name, version)
    return context


def serving(authority: Authority, *, clients: bool = False) -> ssl.SSLContext:
    """Of a server with a certificate of this authority; `clients`: theirs must be of it, too."""
    own = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own["cert_file"], own["key_file"])
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(str(authority.file))
    return context


def post(it, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection("localhost", it.receiver.address("http")[1], timeout=20, context=context)
    try:
        connection.request("POST", "/v1/traces", items("traces", 1).to_otlp(), BODY)
        return connection.getresponse().status
    finally:
        connection.close()


def tls(**keys: Any) -> dict[str, Any]:
    settings = TlsServerSettings(**keys)
    assert not list(settings.problems())
    return {"tls": settings}
