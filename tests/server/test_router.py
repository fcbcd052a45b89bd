"""Which route answers, what is refused, and what every answer to a browser carries. Over real sockets."""

import gzip
import http.client
import json
import logging
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from otelier._core import HttpClient
from otelier.server.endpoint import HttpEndpoint, Response
from otelier.server.hosts import HostCheck
from otelier.server.http import HttpServerSettings
from otelier.server.request import HttpError, Query, Request
from otelier.server.router import Group, Route, Router, plain_error
from otelier.server.tls import TlsServerSettings
from otelier.server.web import Web, accepts_gzip

from ..core.client.peers import Authority

LARGE = b"0123456789" * 1000


class Site:
    """What is asked ends up in `asked`; answers say which route it was."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.observed: list[tuple[str, int]] = []

        def says(name: str):
            def answer(request: Request) -> Response:
                self.asked.append(request)
                return Response(200, (("content-type", "text/plain"),), name.encode())

            return answer

        def refuses(_request: Request) -> Response:
            raise HttpError(409, "no", (("retry-after", "7"),))

        def breaks(_request: Request) -> Response:
            raise ZeroDivisionError("secret")

        def wrapped(error: HttpError, _request: Request) -> Response:
            return Response(error.status, error.headers, f"<{error.message}>".encode())

        groups = [
            Group(
                [
                    Route("GET", "/things", says("list")),
                    Route("POST", "/things", says("make")),
                    Route("GET", "/things/{id}", says("one")),
                    Route("GET", "/things/{id}/parts/{part}", says("part")),
                    Route("GET", "/large", lambda _: Response(200, (("content-type", "text/plain"),), LARGE)),
                ],
                plain_error,
            ),
            Group([Route("GET", "/refuse", refuses), Route("GET", "/break", breaks)], wrapped),
        ]
        router = Router(groups, lambda pattern, status, _seconds: self.observed.append((pattern, status)))
        settings = HttpServerSettings(endpoint="127.0.0.1:0")
        self.endpoint = HttpEndpoint(settings, Web(router, HostCheck("127.0.0.1", ["known.example.com"])), "test")
        self.endpoint.start()

    def ask(self, method: str, path: str, **headers: str):
        connection = http.client.HTTPConnection(*self.endpoint.address, timeout=20)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        answer.body = answer.read()
        connection.close()
        return answer


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.endpoint.stop()


@pytest.mark.parametrize(
    ("method", "path", "route", "parameters"),
    [
        ("GET", "/things", "list", {}),
        ("POST", "/things", "make", {}),
        ("GET", "/things/7", "one", {"id": "7"}),
        ("GET", "/things/a%2Fb%20%C3%A9", "one", {"id": "a/b é"}),
        ("GET", "/things/7/parts/x", "part", {"id": "7", "part": "x"}),
        ("GET", "/things/..%2f..", "one", {"id": "../.."}),
    ],
)
def test_a_route_is_found_by_method_and_path(
    site: Site, method: str, path: str, route: str, parameters: dict[str, str]
):
    answer = site.ask(method, path)
    assert (answer.status, answer.body.decode()) == (200, route)
    assert site.asked[0].parameters == parameters


@pytest.mark.parametrize("path", ["/", "/thing", "/things/", "/things/7/", "/things//parts/x", "/things/7/parts"])
def test_what_has_no_route_is_a_plain_404(site: Site, path: str):
    answer = site.ask("GET", path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")
    assert answer.headers["content-type"].startswith("text/plain")


def test_another_method_is_a_405_that_names_those_that_work(site: Site):
    answer = site.ask("DELETE", "/things")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


def test_head_has_the_headers_of_get_and_no_body(site: Site):
    answer = site.ask("HEAD", "/large")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, str(len(LARGE)), b"")


def test_an_error_is_written_as_its_group_does(site: Site):
    answer = site.ask("GET", "/refuse")
    assert (answer.status, answer.headers["retry-after"], answer.body) == (409, "7", b"<no>")


def test_a_bug_is_a_500_without_details_and_logged(site: Site, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.ERROR):
        answer = site.ask("GET", "/break")
    assert (answer.status, b"secret" in answer.body) == (500, False)
    assert "secret" in caplog.text


def test_answers_of_routes_are_observed_by_pattern_and_status(site: Site):
    site.ask("GET", "/things/7")
    site.ask("GET", "/refuse")
    site.ask("GET", "/nowhere")
    assert site.observed == [("/things/{id}", 200), ("/refuse", 409)]


def test_query_parameters_are_decoded_and_keep_their_order(site: Site):
    site.ask("GET", "/things?tag=a%3Ab&tag=c&empty=&name=%EC%A3%BC+x")
    query = site.asked[0].query
    assert (query.all("tag"), query.first("name"), query.all("empty"), query.first("empty", "name")) == (
        ("a:b", "c"),
        "주 x",
        ("",),
        "주 x",
    )
    assert query.all("absent") == ()


def test_too_many_query_parameters_are_refused():
    with pytest.raises(HttpError, match="more than 1000"):
        Query("&".join(["a=1"] * 1001))


def test_every_answer_forbids_scripts_of_others_and_guessing_of_types(site: Site):
    for path in ("/things", "/nowhere", "/refuse"):
        headers = site.ask("GET", path).headers
        assert headers["content-security-policy"] == (
            "default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:1", "localhost", "[::1]:5", "known.example.com", "app.localhost:1", "otelier"]
)
def test_names_that_no_stranger_owns_are_answered(site: Site, host: str):
    assert site.ask("GET", "/things", Host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.example", "known.example.com.evil.example:80"])
def test_a_name_of_a_stranger_is_refused_before_any_route(site: Site, host: str):
    answer = site.ask("GET", "/things", Host=host)
    assert (answer.status, site.asked) == (421, [])
    assert b"allowed_hosts" in answer.body


def test_patterns_and_any_host_can_be_allowed():
    assert HostCheck("", ["*.example.com"]).admits("a.example.com:1")
    assert not HostCheck("", ["*.example.com"]).admits("example.org")
    assert HostCheck("", ["*"]).admits("anything.example.org")
    assert HostCheck("otelier.example.net").admits("otelier.example.net:16686")


def test_a_large_answer_is_compressed_for_a_client_elsewhere_that_takes_gzip(site: Site):
    answer = site.ask("GET", "/large", Host="otelier", Accept_Encoding="br, gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"]
    assert len(answer.body) < len(LARGE) / 10
    assert gzip.decompress(answer.body) == LARGE


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/large", {"Host": "otelier"}),
        ("/large", {"Host": "otelier", "Accept_Encoding": "br"}),
        ("/large", {"Host": "otelier", "Accept_Encoding": "gzip;q=0"}),
        ("/things", {"Host": "otelier", "Accept_Encoding": "gzip"}),
        ("/large", {"Host": "localhost:16686", "Accept_Encoding": "gzip"}),
    ],
    ids=["not asked for", "other encoding", "ruled out", "small", "same machine"],
)
def test_otherwise_it_is_not(site: Site, path: str, headers: dict[str, str]):
    answer = site.ask("GET", path, **headers)
    assert answer.headers["content-encoding"] is None
    with pytest.raises(zlib.error):
        zlib.decompress(answer.body, 31)


def test_gzip_is_understood_in_its_spellings():
    assert accepts_gzip("deflate, GZIP;q=0.5")
    assert accepts_gzip("*")
    assert not accepts_gzip("identity")
    assert not accepts_gzip("")


def test_the_name_that_http2_asks_for_is_checked_too(tmp_path: Path):
    authority = Authority(tmp_path)
    cert, key = authority.issue("server", "127.0.0.1")
    tls = TlsServerSettings(cert_file=str(cert), key_file=str(key))
    router = Router(
        [Group([Route("GET", "/", lambda request: Response(200, (), request.headers["host"].encode()))], plain_error)]
    )
    for hosts, status in ((HostCheck("127.0.0.1"), 200), (_Nobody(), 421)):
        endpoint = HttpEndpoint(HttpServerSettings(endpoint="127.0.0.1:0", tls=tls), Web(router, hosts), "test")
        endpoint.start()
        client = HttpClient(json.dumps({"tls": {"ca_file": str(authority.file)}}).encode())
        name = f"127.0.0.1:{endpoint.address[1]}"
        answer = client.request("GET", f"https://{name}/", [], b"", 20)
        client.close()
        endpoint.stop()
        assert answer[0] == status
        assert status != 200 or answer[2] == name.encode()


class _Nobody(HostCheck):
    def __init__(self) -> None:
        super().__init__("")

    def admits(self, header: str) -> bool:
        return not header
