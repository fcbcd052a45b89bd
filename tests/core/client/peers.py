"""A throw-away certificate authority, sockets that misbehave, and something to send."""

import contextlib
import datetime
import ipaddress
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from otelier._core import Batch
from otelier.testing import span, traces

_DAY = datetime.timedelta(days=1)


@dataclass
class Authority:
    """Issues certificates; all files lie in `folder`."""

    folder: Path
    name: str = "ca"

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"otelier test {self.name}")])
        cert = self._builder(self._subject, self._key).add_extension(x509.BasicConstraints(True, None), critical=True)
        self.file = self._write(self.name, cert.sign(self._key, hashes.SHA256()))

    def issue(self, name: str, *hosts: str, days: int = 1) -> tuple[Path, Path]:
        """Files of a certificate for DNS names and addresses, and of its key; `days` before 0 have passed already."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key, days)
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(h) for h in hosts]), critical=False)
        key_file = self.folder / f"{name}.key"
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        key_file.write_bytes(key.private_bytes(*form))
        return self._write(name, builder.sign(self._key, hashes.SHA256())), key_file

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int = 1) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._subject)
        builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return builder.not_valid_before(now - 9 * _DAY).not_valid_after(now + days * _DAY)

    def _write(self, name: str, cert: x509.Certificate) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        return path


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Peer:
    """A listening socket whose every connection is handled by `serve(connection)` on a thread of its own."""

    def __init__(self, serve: Callable[[socket.socket], None], host: str = "127.0.0.1", port: int = 0) -> None:
        self._serve = serve
        self._listener = socket.create_server((host, port))
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(connection)
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._serve(connection)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()


def settled(fact: Callable[[], bool]) -> None:
    """What another thread is about to do; pytest's time-out ends a wait in vain."""
    while not fact():
        threading.Event().wait(0.002)


def large(segments: int = 40, spans: int = 100) -> Batch:
    """Several segments, together larger than any first flow-control window; a tenth is noise, as in real telemetry."""
    noise = Random(7)
    texts = [noise.randbytes(50).hex() + "x" * 900 for _ in range(spans)]
    part = [span(f"GET /{i}", number=i + 1, attributes={"text": text}) for i, text in enumerate(texts)]
    return Batch.join([traces(*part, resource={"service.name": f"shop-{i}"}) for i in range(segments)])
