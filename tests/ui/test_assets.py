"""The UI's files as a server gets them."""

import gzip
from pathlib import Path

import pytest

from otelier import ui

built = pytest.mark.skipif(not ui.is_built(), reason="the UI is not built: make ui")


@pytest.mark.parametrize("path", ["/", "/search", "/search/", "/trace/abc", "/trace/%", "/trace/한국"])
def test_every_page_is_answered_with_its_policy(path: str) -> None:
    asset = ui.find(path)
    assert asset
    assert asset.headers["Content-Security-Policy"].startswith(
        "default-src 'self'; script-src 'self'; object-src 'none'"
    )
    assert asset.headers["Cache-Control"] in {"no-cache", "no-store"}
    assert gzip.decompress(asset.gzip) == asset.body


@pytest.mark.parametrize("path", [
    "", "/x", "/trace/", "/trace/a/b", "/static/", "/static/index.html", "/static/manifest.json",
    "/static/../__init__.py", "/static//etc/passwd", "/static/..%2f__init__.py", "/searching", "//", "/index.html",
])  # fmt: skip
def test_nothing_else_has_an_address(path: str) -> None:
    assert ui.find(path) is None


@built
def test_what_the_page_names_is_there_for_ever_and_nothing_stands_in_the_page_itself() -> None:
    page = ui.find("/")
    assert page
    text = page.body.decode()
    names = [part.split('"')[0] for part in text.split('="')[1:] if part.startswith("/static/")]
    assert len(names) == 4
    for name in names:
        asset = ui.find(name)
        assert asset
        assert "immutable" in asset.headers["Cache-Control"]
    assert "<style" not in text
    assert " style=" not in text
    assert "<script>" not in text


@built
def test_all_of_it_is_small() -> None:
    assert 0 < sum(len(asset.gzip) for asset in ui.SITE.files.values()) < 60 * 1024


def test_a_tree_without_node_says_how_to_get_the_pages(tmp_path: Path) -> None:
    site = ui.Site(tmp_path)
    asset = site.find("/search")
    assert not site.is_built()
    assert asset
    assert asset.headers["Content-Type"].startswith("text/plain")
    assert b"make ui" in asset.body
    assert site.find("/static/main.js") is None
