"""The Kubernetes API as far as needed: where it is, who we are, and GET requests whose answer is read by lines."""

import base64
import http.client
import os
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

_FORBIDDEN = 403
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class AccessError(Exception):
    """There is no way to the API; the text says what is missing."""


class ApiError(OSError):
    """The API answered, but not with what was asked for."""

    def __init__(self, status: int, message: str, what: str = "this") -> None:
        """`what` was asked for."""
        hint = f"; the service account must be allowed to list and watch {what}"
        super().__init__(f"the Kubernetes API says {status}: {message}{hint if status == _FORBIDDEN else ''}")
        self.status = status


class Answer:
    """A body that is read line by line, while it comes."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response

    def lines(self) -> Iterator[bytes]:
        """Until the body ends. Raises OSError when it breaks, or when nothing comes for the time-out."""
        try:
            while line := self._response.readline():
                yield line
        except http.client.HTTPException as error:
            raise OSError(f"the answer broke: {error}") from error

    def interrupt(self) -> None:
        """For another thread: whoever reads gets an error or the end."""
        if sock := self._connection.sock:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """For the reader: be done with it."""
        self._response.close()
        self._connection.close()


class _Named(http.client.HTTPSConnection):
    """TLS with a server that has another name than its address."""

    def __init__(self, host: str, port: int | None, timeout_s: float, tls: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=timeout_s, context=tls)
        self._given = tls, name

    def connect(self) -> None:
        """As any; the certificate must have the name."""
        tls, name = self._given
        http.client.HTTPConnection.connect(self)
        self.sock = tls.wrap_socket(self.sock, server_hostname=name)


class KubernetesApi:
    """GET requests, each on a connection of its own."""

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        token_file: Path | None = None,
        tls: ssl.SSLContext | None = None,
        server_name: str = "",
        headers: Callable[[], Iterable[tuple[str, str]]] = tuple,
    ) -> None:
        """`token_file` is read for each request, since Kubernetes renews it. `headers`: more of each request; raises
        OSError."""
        self._url = urlsplit(url)
        self._token = token
        self._token_file = token_file
        self._tls = tls or ssl.create_default_context()
        self._server_name = server_name
        self._headers = headers

    def get(self, path: str, query: Mapping[str, str], timeout_s: float) -> Answer:
        """Raises ApiError if the status is not 200, OSError if there is no answer."""
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            connection = _Named(host, port, timeout_s, self._tls, self._server_name or host)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        headers = {"Accept": "application/json", "User-Agent": "otelier"} | dict(self._headers())
        token = self._token_file.read_text().strip() if self._token_file else self._token
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            connection.request("GET", f"{self._url.path.rstrip('/')}{path}?{urlencode(query)}", headers=headers)
            response = connection.getresponse()
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise OSError(f"no answer from the Kubernetes API at {self._url.netloc}: {error}") from error
        if response.status != 200:
            message = response.read(4096).decode(errors="replace")
            connection.close()
            raise ApiError(response.status, message, path.rpartition("/")[2])
        return Answer(connection, response)


def api_access(
    kubeconfig: str, environment: Mapping[str, str] = os.environ, account: Path = _SERVICE_ACCOUNT
) -> KubernetesApi:
    """By the named file, else as a pod whose service account is mounted at `account`, else by KUBECONFIG or the user's
    own file. Raises AccessError."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not kubeconfig and host:
        return _in_cluster(host, port, account)
    file = Path(kubeconfig or environment.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not file.exists():
        raise AccessError(
            "no way to the Kubernetes API: neither a pod's environment (KUBERNETES_SERVICE_HOST) nor a kubeconfig file "
            "was found"
        )
    try:
        return _by_file(file)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise AccessError(f"{file} can't be used: {error}") from error


def own_namespace() -> str:
    """Of the pod that this process runs in; `default` outside of one."""
    file = _SERVICE_ACCOUNT / "namespace"
    return file.read_text().strip() if file.exists() else "default"


def _in_cluster(host: str, port: str, account: Path) -> KubernetesApi:
    token, authority = account / "token", account / "ca.crt"
    if not token.exists():
        raise AccessError(f"{token} is missing: give the pod a service account that is mounted")
    tls = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
    bare = f"[{host}]" if ":" in host else host
    return KubernetesApi(f"https://{bare}:{port}", token_file=token, tls=tls)


def client_tls(authority: bytes, certificate: bytes, key: bytes, *, verify: bool = True) -> ssl.SSLContext:
    """PEM of whom to believe and of who we are; empty: the system's authorities, and nobody. Raises ValueError."""
    try:
        tls = ssl.create_default_context(cadata=authority.decode("ascii") or None)
        if not verify:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        if certificate and key:
            with tempfile.NamedTemporaryFile() as pem:  # the TLS library takes files only
                pem.write(certificate + b"\n" + key)
                pem.flush()
                tls.load_cert_chain(pem.name)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise ValueError(f"the certificates can't be used: {error}") from error
    return tls


class _Cluster(msgspec.Struct, rename="kebab"):
    server: str
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False


class _User(msgspec.Struct, rename="kebab"):
    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    exec: Any = None


class _Choice(msgspec.Struct):
    cluster: str
    user: str = ""


class _Context(msgspec.Struct):
    name: str
    context: _Choice


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: _Cluster


class _NamedUser(msgspec.Struct):
    name: str
    user: _User


class _Kubeconfig(msgspec.Struct):
    contexts: list[_Context]
    clusters: list[_NamedCluster]
    current: str = msgspec.field(name="current-context")
    users: list[_NamedUser] = []


def _by_file(file: Path) -> KubernetesApi:
    config = msgspec.yaml.decode(file.read_bytes(), type=_Kubeconfig)
    choice = {each.name: each.context for each in config.contexts}.get(config.current)
    if choice is None:
        raise ValueError(f"there is no context {config.current!r}")
    cluster = {each.name: each.cluster for each in config.clusters}.get(choice.cluster)
    if cluster is None:
        raise ValueError(f"there is no cluster {choice.cluster!r}")
    user = {each.name: each.user for each in config.users}.get(choice.user, _User())
    if user.exec is not None:
        raise ValueError("credentials by a command are not supported: use a token or a client certificate")
    tls = client_tls(
        _content(cluster.certificate_authority_data, cluster.certificate_authority, file),
        _content(user.client_certificate_data, user.client_certificate, file),
        _content(user.client_key_data, user.client_key, file),
        verify=not cluster.insecure_skip_tls_verify,
    )
    token_file = file.parent / user.token_file if user.token_file else None
    return KubernetesApi(cluster.server, token=user.token, token_file=token_file, tls=tls)


def _content(data: str, path: str, file: Path) -> bytes:
    if data:
        return base64.b64decode(data)
    return (file.parent / path).read_bytes() if path else b""
