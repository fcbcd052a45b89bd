"""zpages: pages about what the process does just now, for people in a browser and, as JSON, for programs.

`/debug/servicez`, `/debug/pipelinez` and `/debug/extensionz` as in the Collector; Otelier's own is `/debug/samplingz`,
which tells why a trace was kept or not. `/debug` lists what there is. With `?format=json`, or a request that accepts
JSON and not HTML, the same comes as JSON.
The Collector's `tracez`, `featurez` and `expvarz` are not there: Otelier does not trace itself, has no feature gates,
and gives its metrics at `/metrics`.
"""

import json
from collections.abc import Iterable, Iterator

from ...component import Config, Extension, Page, Shown, extension
from ...server.endpoint import HttpEndpoint, Response
from ...server.hosts import HostCheck
from ...server.http import HttpServerSettings
from ...server.request import HttpError, Request
from ...server.router import Group, Route, Router, plain_error
from ...server.web import Web
from .html import STYLE, html_index, html_page

_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_NO_STORE = ("cache-control", "no-store")


class ExpvarConfig(Config):
    """`expvar`: the Collector's page of variables of the Go runtime."""

    enabled: bool = False
    """Not taken: there is no Go runtime."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """What isn't there."""
        if self.enabled:
            yield "enabled", "there is no Go runtime here: remove it; own metrics are at :8888/metrics"


class ZPagesConfig(HttpServerSettings):
    endpoint: str = "localhost:55679"
    """`host:port` of the pages; without a host: all addresses."""
    expvar: ExpvarConfig = ExpvarConfig()
    """The Collector's page of variables of the Go runtime: not there."""
    allowed_hosts: tuple[str, ...] = ()
    """Otelier's addition: names in URLs that are answered besides IP addresses and this machine's own;
    `*.example.com`, or `*` for any."""

    def warnings(self) -> Iterator[str]:
        """What is allowed but should be known."""
        if not self.address.is_loopback and not (self.tls and self.tls.client_ca_file):
            yield f"anyone who reaches {self.endpoint} can read how this process is set up: use localhost"


@extension("zpages", stability="beta")
class ZPages(Extension):
    cfg: ZPagesConfig

    def setup(self) -> None:
        self._endpoint: HttpEndpoint | None = None
        routes = [
            Route("GET", "/", self._index),
            Route("GET", "/debug", self._index),
            Route("GET", "/debug/", self._index),
            Route("GET", "/debug/zpages.css", _style),
            Route("GET", "/debug/{page}", self._page),
        ]
        self._web = Web(Router([Group(routes, plain_error)]), HostCheck(self.cfg.address.host, self.cfg.allowed_hosts))

    def start(self) -> None:
        for warning in self.cfg.warnings():
            self.ctx.log.warning("%s", warning)
        self._endpoint = HttpEndpoint(self.cfg, self._web, f"otelier:{self.ctx.id}")
        self._endpoint.start()
        self.ctx.log.info("pages at %s://%s:%d/debug", "https" if self.cfg.tls else "http", *self.address)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens at. Only after `start`."""
        assert self._endpoint, "not started"
        return self._endpoint.address

    def stop(self, deadline: float) -> None:
        if self._endpoint:
            self._endpoint.stop()
            self._endpoint = None

    def _index(self, request: Request) -> Response:
        pages = self.ctx.pages.all()
        if _wants_json(request):
            return _json({page.name: page.about for page in pages})
        return _html(html_index(pages))

    def _page(self, request: Request) -> Response:
        pages = self.ctx.pages.all()
        page = next((each for each in pages if each.name == request.parameters["page"]), None)
        if page is None:
            there = ", ".join(f"/debug/{each.name}" for each in pages)
            raise HttpError(404, f"there is no such page; there are {there}")
        question = _question(page, request)
        try:
            sections = self.ctx.pages.read(page.name, question)
        except ValueError as error:
            raise HttpError(400, str(error)) from error
        return _json(sections) if _wants_json(request) else _html(html_page(page, pages, question, sections))


def _question(page: Page, request: Request) -> dict[str, str]:
    """Raises HttpError for what the page doesn't understand."""
    asked = {name: values[0] for name, values in request.query.items() if name != "format"}
    for name, value in asked.items():
        if name not in page.asks:
            known = ", ".join(("format", *page.asks))
            raise HttpError(400, f"{page.name} does not understand {name!r}; it understands {known}")
        if value and page.asks[name] and value not in page.asks[name]:
            raise HttpError(400, f"{name} must be one of {', '.join(page.asks[name])}")
    return {name: value for name, value in asked.items() if value}


def _wants_json(request: Request) -> bool:
    if wanted := request.query.first("format"):
        if wanted not in ("json", "html"):
            raise HttpError(400, "format must be json or html")
        return wanted == "json"
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def _style(_request: Request) -> Response:
    return Response(200, (("content-type", "text/css; charset=utf-8"),), STYLE.encode())


def _html(text: str) -> Response:
    headers = (("content-type", "text/html; charset=utf-8"), ("content-security-policy", _POLICY), _NO_STORE)
    return Response(200, headers, text.encode())


def _json(value: Shown) -> Response:
    return Response(
        200, (("content-type", "application/json"), _NO_STORE), json.dumps(value, ensure_ascii=False).encode()
    )
