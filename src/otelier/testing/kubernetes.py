"""A Kubernetes API server as far as finding backends and targets needs it: objects, listed and watched.

with FakeKubernetes() as kubernetes:
    kubernetes.set_endpoints("observability", "collector", {"127.0.0.11": True, "127.0.0.12": False})
    kubernetes.set("pods", {"metadata": {"namespace": "shop", "name": "cart-0"}, "status": {"podIP": "127.0.0.21"}})
    kubernetes.write_kubeconfig(path)  # for a process: KUBECONFIG=path
"""

import json
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_SERVICE = "kubernetes.io/service-name"


class FakeKubernetes:
    """Serves until the `with` block ends."""

    def __init__(self, *, token: str = "", tls: ssl.SSLContext | None = None) -> None:
        """`token`: requests must carry it. `tls`: speak HTTPS with this certificate."""
        self.requests: list[dict[str, str]] = []
        """The query of each request, in order."""
        self.paths: list[str] = []
        """Their paths."""
        self._token = token
        self._changed = threading.Condition()
        self._version = 100
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}
        """By kind (as paths have it) and namespace/name."""
        self._history: list[tuple[int, str, str, dict[str, Any]]] = []
        """Version, event, kind, object."""
        self._forgotten = 0
        """Versions up to this one can't be watched from."""
        self._epoch = 0
        """Watches of an earlier epoch end."""
        self._down = False
        self._server = _server(self)
        scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> "FakeKubernetes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all watches and the server."""
        self.break_watches()
        self._server.shutdown()
        self._server.server_close()

    # -- what a test does ---------------------------------------------------------------------

    def set(self, kind: str, item: Mapping[str, Any]) -> None:
        """An object is this from now on. `kind`: as paths have it; `metadata` says namespace and name."""
        with self._changed:
            event = "MODIFIED" if (kind, _key(item)) in self._objects else "ADDED"
            self._note(event, kind, dict(item))

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """An object goes."""
        with self._changed:
            self._note("DELETED", kind, self._objects[kind, f"{namespace}/{name}"])

    def set_endpoints(
        self, namespace: str, service: str, ready: Mapping[str, bool | None], *, family: str = "IPv4"
    ) -> None:
        """These are the service's addresses, and whether each is ready (None: not said). Pods are named `pod-…`."""
        name = f"{service}-{family.lower()}"
        endpoints = [
            {"addresses": [address], "hostname": f"pod-{address.replace('.', '-')}", "conditions": {"ready": is_ready}}
            for address, is_ready in ready.items()
        ]
        metadata = {"name": name, "namespace": namespace, "labels": {_SERVICE: service}}
        self.set("endpointslices", {"metadata": metadata, "addressType": family, "endpoints": endpoints})

    def delete_endpoints(self, namespace: str, service: str, *, family: str = "IPv4") -> None:
        """The slice of this family goes."""
        self.delete("endpointslices", namespace, f"{service}-{family.lower()}")

    def send_bookmark(self, namespace: str, service: str) -> None:
        """Tell watches how far they are."""
        with self._changed:
            metadata = {"namespace": namespace, "labels": {_SERVICE: service}}
            self._note("BOOKMARK", "endpointslices", {"metadata": metadata})

    def forget_history(self) -> None:
        """Whoever watches from a version that is older than now gets 410 Gone."""
        with self._changed:
            self._forgotten = self._version
            self._history.clear()

    def break_watches(self) -> None:
        """Cut all connections of watches."""
        with self._changed:
            self._epoch += 1
            self._changed.notify_all()

    def go_down(self, *, down: bool = True) -> None:
        """Answer every request with 503, or no longer."""
        with self._changed:
            self._down = down
        self.break_watches()

    def until_watched(self, count: int = 1, *, within_s: float = 10) -> None:
        """Wait (in real time) until so many watches have been asked for, since the beginning."""
        with self._changed:

            def watched() -> int:
                return sum("watch" in query for query in self.requests)

            if not self._changed.wait_for(lambda: watched() >= count, within_s):
                raise AssertionError(f"{watched()} of {count} watches within {within_s} s")

    def write_kubeconfig(self, path: Path, *, authority: str = "") -> Path:
        """A file that names this server; `authority`: file of the certificate to believe."""
        cluster = {"server": self.url} | ({"certificate-authority": authority} if authority else {})
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": {"token": self._token}}],
        }
        path.write_text(json.dumps(config))
        return path

    # -- what the server does -----------------------------------------------------------------

    def _note(self, event: str, kind: str, item: dict[str, Any]) -> None:
        self._version += 1
        item = item | {"metadata": item["metadata"] | {"resourceVersion": str(self._version)}}
        if event == "DELETED":
            del self._objects[kind, _key(item)]
        elif event != "BOOKMARK":
            self._objects[kind, _key(item)] = item
        self._history.append((self._version, event, kind, item))
        self._changed.notify_all()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """For the server only."""
        parts = urlsplit(request.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with self._changed:
            self.requests.append(query)
            self.paths.append(parts.path)
            self._changed.notify_all()
            down, epoch = self._down, self._epoch
        if down:
            request.send_error(503)
        elif self._token and request.headers["Authorization"] != f"Bearer {self._token}":
            request.send_error(401)
        else:
            wanted = _Wanted(parts.path, query)
            if "watch" in query:
                self._watch(request, wanted, int(query["resourceVersion"]), epoch)
            else:
                self._list(request, wanted)

    def _list(self, request: BaseHTTPRequestHandler, wanted: "_Wanted") -> None:
        with self._changed:
            items = [item for (kind, _), item in self._objects.items() if wanted.fits(kind, item)]
            body = json.dumps({"metadata": {"resourceVersion": str(self._version)}, "items": items}).encode()
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _watch(self, request: BaseHTTPRequestHandler, wanted: "_Wanted", version: int, epoch: int) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        with self._changed:
            gone = version < self._forgotten
        if gone:
            _send(request, "ERROR", {"code": 410, "message": "too old resource version"})
            request.wfile.write(b"0\r\n\r\n")
            return
        while (events := self._next_events(version, epoch)) is not None:
            for at, event, kind, item in events:
                version = at
                if wanted.fits(kind, item):
                    _send(request, event, item)
        request.close_connection = True

    def _next_events(self, version: int, epoch: int) -> list[tuple[int, str, str, dict[str, Any]]] | None:
        """What comes after a version; None when the watch is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._epoch > epoch or self._version > version)
            return None if self._epoch > epoch else [each for each in self._history if each[0] > version]


class _Wanted:
    """What a request asks for."""

    def __init__(self, path: str, query: Mapping[str, str]) -> None:
        *before, self._kind = path.split("/")
        self._namespace = before[-1] if before[-2] == "namespaces" else ""
        self._labels = _equalities(query.get("labelSelector", ""))
        self._fields = _equalities(query.get("fieldSelector", ""))

    def fits(self, kind: str, item: Mapping[str, Any]) -> bool:
        """Selectors of equality only."""
        metadata = item["metadata"]
        labels = metadata.get("labels", {})
        return (
            kind == self._kind
            and self._namespace in ("", metadata.get("namespace", ""))
            and all(labels.get(key) == text for key, text in self._labels.items())
            and all(_at(item, key) == text for key, text in self._fields.items())
        )


def _equalities(text: str) -> dict[str, str]:
    parts = (part.replace("==", "=").partition("=") for part in text.split(",") if part)
    return {key: value for key, _, value in parts}


def _at(item: Any, path: str) -> Any:
    for key in path.split("."):
        item = item.get(key, {})
    return item


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['metadata'].get('namespace', '')}/{item['metadata'].get('name')}"


def _send(request: BaseHTTPRequestHandler, kind: str, body: dict[str, Any]) -> None:
    line = json.dumps({"type": kind, "object": body}).encode() + b"\n"
    request.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
    request.wfile.flush()


def _server(kubernetes: FakeKubernetes) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                kubernetes.answer(self)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing: it is a test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
