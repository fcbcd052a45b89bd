"""Keys of everything in `prometheus.yml` that asks over HTTP: who we are, whom we believe, and by which way."""

from collections.abc import Iterable

import msgspec

from ...component import Config, Secret


class BasicAuth(Config):
    """`basic_auth`: name and password."""

    username: str = ""
    """The name."""
    username_file: str = ""
    """A file that holds it, read for each request."""
    password: Secret = Secret("")
    """The password."""
    password_file: str = ""
    """A file that holds it, read for each request."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Each at one place."""
        if self.username and self.username_file:
            yield "username_file", "give either username or username_file"
        if self.password.reveal() and self.password_file:
            yield "password_file", "give either password or password_file"


class Authorization(Config):
    """`authorization`: the header's kind and text."""

    type: str = "Bearer"
    """First word of the header."""
    credentials: Secret = Secret("")
    """The rest of it."""
    credentials_file: str = ""
    """A file that holds the rest, read for each request."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Basic has keys of its own."""
        if self.type.strip().lower() == "basic":
            yield "type", "for Basic use basic_auth"
        if self.credentials.reveal() and self.credentials_file:
            yield "credentials_file", "give either credentials or credentials_file"


class TlsConfig(Config):
    """`tls_config`: how the server is proved, and we are."""

    ca: Secret = Secret("")
    """Certificates (PEM) of the authorities to believe, written here; default: the system's."""
    ca_file: str = ""
    """The same, as a file."""
    cert: Secret = Secret("")
    """Client certificate (PEM), written here."""
    cert_file: str = ""
    """The same, as a file."""
    key: Secret = Secret("")
    """Private key (PEM) of the client certificate, written here."""
    key_file: str = ""
    """The same, as a file."""
    server_name: str = ""
    """Name that the server's certificate must carry, if not the host that is asked."""
    insecure_skip_verify: bool = False
    """Believe any certificate."""
    min_version: str = ""
    """Lowest version: TLS12 (default) or TLS13."""
    max_version: str = ""
    """Highest version: TLS12 or TLS13 (default)."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Each at one place; certificate and key together; versions that are safe."""
        for name in ("ca", "cert", "key"):
            if getattr(self, name).reveal() and getattr(self, f"{name}_file"):
                yield f"{name}_file", f"give either {name} or {name}_file"
        if self._has("cert") != self._has("key"):
            missing = "key" if self._has("cert") else "cert"
            yield f"{missing}_file", "a client certificate needs both cert_file and key_file"
        for key in ("min_version", "max_version"):
            if getattr(self, key) not in ("", "TLS12", "TLS13"):
                yield key, "must be TLS12 or TLS13; older versions are not safe"

    def _has(self, name: str) -> bool:
        return bool(getattr(self, name).reveal() or getattr(self, f"{name}_file"))


class ProxySettings(Config):
    """The way through a proxy."""

    proxy_url: str = ""
    """`http://host:port` of a proxy to go through."""
    no_proxy: str = ""
    """Hosts that are asked without it, separated by commas."""
    proxy_from_environment: bool = False
    """Take the proxy from HTTP_PROXY, HTTPS_PROXY and NO_PROXY; these count here whenever no proxy_url is given."""
    proxy_connect_header: dict[str, tuple[Secret, ...]] = msgspec.field(default_factory=dict[str, tuple[Secret, ...]])
    """Not taken: put user and password into proxy_url."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What contradicts itself, and what the client can't do."""
        if self.proxy_from_environment and (self.proxy_url or self.no_proxy):
            yield "proxy_from_environment", "goes with neither proxy_url nor no_proxy"
        if self.no_proxy and not self.proxy_url:
            yield "no_proxy", "has no meaning without proxy_url"
        if self.proxy_connect_header:
            yield "proxy_connect_header", "is not supported: put user and password into proxy_url"


class OAuth2(ProxySettings):
    """`oauth2`: a token by the client credentials grant, renewed before it ends."""

    client_id: str = ""
    """Who we are."""
    client_secret: Secret = Secret("")
    """Proves it."""
    client_secret_file: str = ""
    """A file that holds it."""
    scopes: tuple[str, ...] = ()
    """What is asked for."""
    token_url: str = ""
    """Where to ask."""
    endpoint_params: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """More fields of the request."""
    tls_config: TlsConfig = TlsConfig()
    """TLS with the token's server."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What every request for a token needs."""
        yield from super().problems()
        for key in ("client_id", "token_url"):
            if not getattr(self, key):
                yield key, "is needed"
        if self.client_secret.reveal() and self.client_secret_file:
            yield "client_secret_file", "give either client_secret or client_secret_file"

    @classmethod
    def instead_of(cls, key: str) -> str:
        """Grants by signed assertion."""
        grants = ("grant_type", "client_certificate_key", "client_certificate_key_file", "client_certificate_key_id")
        return "only the client credentials grant with a secret is supported" if key in grants else ""


class Header(Config):
    """`http_headers.<name>`: values of one header."""

    values: tuple[str, ...] = ()
    """As they are."""
    secrets: tuple[Secret, ...] = ()
    """As they are, but never shown."""
    files: tuple[str, ...] = ()
    """Files that hold one each, read for each request."""


class HttpClientSettings(ProxySettings):
    """Keys of a client, beside those of what it asks for."""

    basic_auth: BasicAuth | None = None
    """Name and password."""
    authorization: Authorization | None = None
    """The header Authorization in other ways."""
    oauth2: OAuth2 | None = None
    """A token that is asked for."""
    bearer_token: Secret = Secret("")
    """Older form of `authorization.credentials`."""
    bearer_token_file: str = ""
    """Older form of `authorization.credentials_file`."""
    tls_config: TlsConfig = TlsConfig()
    """TLS, where the scheme is https."""
    follow_redirects: bool = True
    """Go where an answer points to."""
    enable_http2: bool = True
    """Speak HTTP/2 where the server offers it; always so."""
    http_headers: dict[str, Header] = msgspec.field(default_factory=dict[str, Header])
    """Headers to send."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """One way to say who we are."""
        yield from super().problems()
        ways = {
            "basic_auth": self.basic_auth,
            "authorization": self.authorization,
            "oauth2": self.oauth2,
            "bearer_token": self.bearer_token.reveal(),
            "bearer_token_file": self.bearer_token_file,
        }
        given = [key for key, value in ways.items() if value]
        if len(given) > 1:
            yield given[1], f"give only one of {' and '.join(given)}"
