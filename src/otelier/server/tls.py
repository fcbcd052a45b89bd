"""TLS keys of servers (`tls`), with the Collector's names."""

from collections.abc import Iterable
from typing import Literal

from ..component import Config, Duration, Secret

CIPHER_SUITES = (
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
"""Suites of TLS 1.2 that may be chosen; those of 1.3 are always on."""


class TlsServerSettings(Config):
    """`tls`: how a server proves itself, and which clients it believes."""

    cert_file: str = ""
    """Certificate chain (PEM) of this server."""
    cert_pem: Secret = Secret("")
    """The same, written here."""
    key_file: str = ""
    """Private key (PEM) of the certificate."""
    key_pem: Secret = Secret("")
    """The same, written here."""
    client_ca_file: str = ""
    """Certificates (PEM) of the authorities whose clients may connect; clients must then show a certificate."""
    client_ca_file_reload: bool = False
    """Read `client_ca_file` again every 10 seconds (or `reload_interval`)."""
    ca_file: str = ""
    """Accepted without effect on a server; `client_ca_file` decides about clients."""
    ca_pem: Secret = Secret("")
    """Accepted without effect on a server."""
    include_system_ca_certs_pool: bool = False
    """Accepted without effect on a server."""
    min_version: Literal["", "1.2", "1.3"] = ""
    """Lowest TLS version to speak: 1.2 (default) or 1.3; older ones are not safe."""
    max_version: Literal["", "1.2", "1.3"] = ""
    """Highest TLS version to speak: 1.2 or 1.3 (default)."""
    cipher_suites: tuple[str, ...] = ()
    """Only these suites for TLS 1.2; default: all safe ones."""
    curve_preferences: tuple[str, ...] = ()
    """Not taken: the TLS library offers safe curves only."""
    reload_interval: Duration = Duration(0)
    """Read the certificate and key again after this time; 0 = only at start."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What is missing, given twice, or can't be chosen."""
        for name in ("cert", "key"):
            file, pem = getattr(self, f"{name}_file"), getattr(self, f"{name}_pem").reveal()
            if file and pem:
                yield f"{name}_pem", f"give either {name}_file or {name}_pem"
            if not file and not pem:
                yield f"{name}_file", "a server that speaks TLS needs cert_file and key_file (or cert_pem and key_pem)"
        if self.client_ca_file_reload and not self.client_ca_file:
            yield "client_ca_file_reload", "needs client_ca_file"
        if self.min_version == "1.3" and self.max_version == "1.2":
            yield "max_version", "is below min_version"
        if self.reload_interval < 0:
            yield "reload_interval", "must not be negative"
        for suite in self.cipher_suites:
            if suite not in CIPHER_SUITES:
                yield "cipher_suites", f"{suite} can't be chosen; there are {', '.join(CIPHER_SUITES)}"
        if self.curve_preferences:
            yield "curve_preferences", "can't be chosen: the TLS library offers safe ones only; remove the key"
