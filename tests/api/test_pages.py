"""The UI's files and what stands around them; what is in them is the business of the package `ui`."""

import gzip
import re
from pathlib import Path

import pytest

from otelier import ui


@pytest.mark.parametrize("path", ["/", "/search", "/search?service=x", "/trace/00000000000000ff"])
def test_pages_are_served_for_every_route_of_the_ui(backend, path: str):
    answer = backend.ask(path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html" if ui.is_built() else "text/plain")
    assert ui.is_built() or b"make ui" in answer.body


def test_headers_that_protect_a_page_come_once(backend):
    headers = backend.ask("/").headers
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert len(headers.get_all(name)) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_also_where_no_pages_are_built(backend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, method: str):
    monkeypatch.setattr(ui, "find", ui.Site(tmp_path).find)
    headers = backend.ask("/", method).headers
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"):
        assert len(headers.get_all(name)) == 1


@pytest.mark.skipif(not ui.is_built(), reason="the pages are not built")
def test_only_what_is_named_by_its_content_may_be_kept_for_ever(backend):
    assert backend.ask("/favicon.ico").headers["cache-control"] == "no-cache"
    mark = next(name for name in ui.SITE.files if name.endswith(".svg"))
    assert "immutable" in backend.ask(f"/static/{mark}").headers["cache-control"]


def test_a_page_comes_compressed_to_those_who_take_it(backend):
    packed = backend.ask("/", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == backend.ask("/").body


@pytest.mark.parametrize(
    "path",
    [
        "/static/nothing.js",
        "/static/..%2fmanifest.json",
        "/static/%2e%2e/x",
        "/static/manifest.json",
        "/trace/a/b",
        "/x",
    ],
)
def test_nothing_else_has_an_address(backend, path: str):
    answer = backend.ask(path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


def test_own_metrics_count_answers_by_route(backend):
    backend.ask("/api/traces/ff")
    counted = r'otelier_query_duration_count\{route="/api/traces/\{id\}",.*status="404"\} 1'
    assert re.search(counted, backend.ask("/metrics").body.decode())


def test_the_way_to_metrics_says_what_is_missing_where_none_are_served(backend):
    answer = backend.ask("/graph")
    assert (answer.status, b"give `otelier_query` a section `prometheus`" in answer.body) == (404, True)
