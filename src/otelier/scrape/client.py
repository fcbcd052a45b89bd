"""HTTP as `prometheus.yml` configures it: the native client, and the headers of each request."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from .._core import HttpClient
from ..component import Clock, Secret
from .config import HttpClientSettings, OAuth2, TlsConfig

_UNBOUNDED = 1 << 30
"""Most bytes of an answer where no limit is configured."""
_VERSIONS = {"": None, "TLS12": "1.2", "TLS13": "1.3"}
_EARLY_S = 30.0
"""A token is renewed so long before it ends."""
_AGAIN_S = 10.0
_ASK_S = 10.0


class AccessFailed(OSError):  # noqa: N818 - says what is wrong
    """There is nothing to say who we are with: a file can't be read, a token was not given."""


def http_client(settings: HttpClientSettings | OAuth2, *, body_limit: int = 0) -> HttpClient:
    """Raises ValueError for files that can't be used."""
    options: dict[str, Any] = {
        "tls": _tls(settings.tls_config),
        "proxy_url": settings.proxy_url or None,
        "no_proxy": settings.no_proxy or None,
        "proxy_from_environment": settings.proxy_from_environment,
        "max_idle_conns": 0,
        "idle_conn_timeout_s": 300.0,
        "max_response_bytes": body_limit or _UNBOUNDED,
    }
    return HttpClient(json.dumps(options).encode())


def _tls(tls: TlsConfig) -> dict[str, Any]:
    return {
        "insecure_skip_verify": tls.insecure_skip_verify,
        "ca_file": tls.ca_file or None,
        "ca_pem": tls.ca.reveal() or None,
        "cert_file": tls.cert_file or None,
        "cert_pem": tls.cert.reveal() or None,
        "key_file": tls.key_file or None,
        "key_pem": tls.key.reveal() or None,
        "server_name_override": tls.server_name or None,
        "min_version": _VERSIONS[tls.min_version],
        "max_version": _VERSIONS[tls.max_version],
        "reload_interval_s": 60.0,
    }


class Identity:
    """Says who we are, in headers."""

    def __init__(self, settings: HttpClientSettings, clock: Clock) -> None:
        self._settings = settings
        self._token = Token(settings.oauth2, clock) if settings.oauth2 else None

    def start(self) -> None:
        """Ask for a token, if one is needed; on a thread of its own."""
        if self._token:
            self._token.start()

    def stop(self) -> None:
        """Renew no more."""
        if self._token:
            self._token.stop()

    def headers(self) -> list[tuple[str, str]]:
        """For the next request; files are read anew. Raises AccessFailed."""
        settings = self._settings
        found: list[tuple[str, str]] = []
        for name, header in settings.http_headers.items():
            texts = [*header.values, *(each.reveal() for each in header.secrets), *map(_read, header.files)]
            found += [(name, text) for text in texts]
        if basic := settings.basic_auth:
            login = f"{_either(basic.username, basic.username_file)}:{_either(basic.password, basic.password_file)}"
            found.append(("authorization", f"Basic {base64.b64encode(login.encode()).decode()}"))
        elif own := settings.authorization:
            found.append(("authorization", f"{own.type} {_either(own.credentials, own.credentials_file)}".strip()))
        elif self._token:
            found.append(("authorization", self._token.header()))
        elif bearer := _either(settings.bearer_token, settings.bearer_token_file):
            found.append(("authorization", f"Bearer {bearer}"))
        return found


class Asker:
    """Requests of one who says who we are: made → `start` → `stop`."""

    def __init__(self, settings: HttpClientSettings, clock: Clock, *, body_limit: int = 0) -> None:
        """Raises ValueError for files that can't be used."""
        self._client = http_client(settings, body_limit=body_limit)
        self._identity = Identity(settings, clock)

    def start(self) -> None:
        """Ask for a token, if one is needed."""
        self._identity.start()

    def stop(self) -> None:
        """Ask no more."""
        self._identity.stop()

    def ask(
        self, method: str, url: str, headers: Iterable[tuple[str, str]], body: bytes, timeout_s: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (names in lower case) and body of the answer. Raises OSError if there is none."""
        return self._client.request(method, url, [*headers, *self._identity.headers()], body, timeout_s)


class Token:
    """A token of OAuth 2 by client credentials (RFC 6749, 4.4), renewed before it ends."""

    def __init__(self, settings: OAuth2, clock: Clock, ask: Callable[..., Any] | None = None) -> None:
        """`ask`: as `HttpClient.request`."""
        self._settings = settings
        self._ask = ask or http_client(settings).request
        self._timer = clock.timer(self._renew, "otelier:oauth2")
        self._header = ""
        self._trouble = f"{settings.token_url} has not answered yet"

    def start(self) -> None:
        """Ask at once."""
        self._timer.start(0)

    def stop(self) -> None:
        """Ask no more."""
        self._timer.close(0)

    def header(self) -> str:
        """The header's text. Raises AccessFailed."""
        if not self._header:
            raise AccessFailed(f"no token: {self._trouble}")
        return self._header

    def _renew(self) -> None:
        try:
            self._timer.start(self._asked())
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._trouble = f"{self._settings.token_url}: {error}"
            self._timer.start(_AGAIN_S)

    def _asked(self) -> float:
        """Seconds until the next time."""
        settings = self._settings
        secret = _either(settings.client_secret, settings.client_secret_file)
        login = base64.b64encode(f"{settings.client_id}:{secret}".encode()).decode()
        fields = {"grant_type": "client_credentials", **settings.endpoint_params}
        if settings.scopes:
            fields["scope"] = " ".join(settings.scopes)
        headers = [("authorization", f"Basic {login}"), ("content-type", "application/x-www-form-urlencoded")]
        status, _, body = self._ask("POST", settings.token_url, headers, urlencode(fields).encode(), _ASK_S)
        if status != 200:
            raise ValueError(f"HTTP status {status}: {body[:200].decode(errors='replace')}")
        answer = json.loads(body)
        self._header = f"{answer.get('token_type') or 'Bearer'} {answer['access_token']}"
        return max(1.0, float(answer.get("expires_in") or 3600) - _EARLY_S)


def _either(text: str, file: str) -> str:
    if file:
        return _read(file)
    return text.reveal() if isinstance(text, Secret) else text


def _read(file: str) -> str:
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AccessFailed(f"{file} can't be read: {error}") from error
