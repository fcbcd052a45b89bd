"""TLS keys of clients (`tls`), with the Collector's names."""

from collections.abc import Iterable
from typing import Any

from ..component import Config, Duration, Secret

_VERSIONS = ("1.2", "1.3")


class TlsClientSettings(Config):
    """`tls`: how a client proves the server, and itself."""

    insecure: bool = False
    """Speak plain text, without TLS."""
    insecure_skip_verify: bool = False
    """Speak TLS, but believe any certificate; warns at each start."""
    ca_file: str = ""
    """Certificates (PEM) of the authorities to believe; default: the system's."""
    ca_pem: Secret = Secret("")
    """The same, written here."""
    include_system_ca_certs_pool: bool = False
    """Believe the system's authorities as well as `ca_file`."""
    cert_file: str = ""
    """Client certificate (PEM) for mutual TLS."""
    cert_pem: Secret = Secret("")
    """The same, written here."""
    key_file: str = ""
    """Private key (PEM) of the client certificate."""
    key_pem: Secret = Secret("")
    """The same, written here."""
    server_name_override: str = ""
    """Name that the server's certificate must carry, if not the host of the endpoint."""
    min_version: str = ""
    """Lowest TLS version to speak: 1.2 (default) or 1.3."""
    max_version: str = ""
    """Highest TLS version to speak: 1.2 or 1.3 (default)."""
    cipher_suites: tuple[str, ...] = ()
    """Not taken: the TLS library offers safe suites only."""
    curve_preferences: tuple[str, ...] = ()
    """Not taken: the TLS library offers safe curves only."""
    reload_interval: Duration = Duration(0)
    """Read certificate files again after this time; 0 = only at start."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What contradicts itself, and what the TLS library can't do."""
        for name in ("ca", "cert", "key"):
            if getattr(self, f"{name}_file") and getattr(self, f"{name}_pem").reveal():
                yield f"{name}_pem", f"give either {name}_file or {name}_pem"
        if self._has("cert") != self._has("key"):
            missing = "key" if self._has("cert") else "cert"
            yield f"{missing}_file", "a client certificate needs both cert_file and key_file"
        for key in ("min_version", "max_version"):
            if getattr(self, key) not in ("", *_VERSIONS):
                yield key, f"must be one of {', '.join(_VERSIONS)}; older versions are not safe"
        if self.min_version == "1.3" and self.max_version == "1.2":
            yield "max_version", "is below min_version"
        if self.reload_interval < 0:
            yield "reload_interval", "must not be negative"
        for key in ("cipher_suites", "curve_preferences"):
            if getattr(self, key):
                yield key, "can't be chosen: the TLS library offers safe ones only; remove the key"

    def _has(self, name: str) -> bool:
        return bool(getattr(self, f"{name}_file") or getattr(self, f"{name}_pem").reveal())


def tls_options(settings: TlsClientSettings) -> dict[str, Any]:
    """The native client's `tls` options; files are read by it, when the client is made."""
    options: dict[str, Any] = {
        "insecure": settings.insecure,
        "insecure_skip_verify": settings.insecure_skip_verify,
        "include_system_ca_certs_pool": settings.include_system_ca_certs_pool,
        "reload_interval_s": settings.reload_interval,
    }
    for key in ("ca_file", "cert_file", "key_file", "server_name_override", "min_version", "max_version"):
        options[key] = getattr(settings, key) or None
    for key in ("ca_pem", "cert_pem", "key_pem"):
        options[key] = getattr(settings, key).reveal() or None
    return options
