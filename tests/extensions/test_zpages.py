"""zpages: what components show is served as HTML that is harmless and as JSON that is exact."""

import http.client
import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier.component import Link, Page, Pages
from otelier.extensions.zpages import ExpvarConfig, ZPages, ZPagesConfig
from otelier.extensions.zpages.html import html_page
from otelier.testing import component_context

THINGS = Page("thingz", "All <things>.", asks={"of": (), "kind": ("small", "large")})
Start = Callable[..., ZPages]


@pytest.fixture
def pages() -> Pages:
    return Pages()


@pytest.fixture
def start(pages: Pages) -> Iterator[Start]:
    started: list[ZPages] = []

    def start(**config: Any) -> ZPages:
        started.append(ZPages(ZPagesConfig(endpoint="127.0.0.1:0", **config), component_context("zpages", pages=pages)))
        started[-1].start()
        return started[-1]

    yield start
    for extension in started:
        extension.stop(0)


def ask(extension: ZPages, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(*extension.address, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, text


class Parsed(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_a_page_is_json_on_request_and_html_in_a_browser(start: Start, pages: Pages):
    pages.add(THINGS, "first", lambda question: {"of": question.get("of"), "list": [1, 2.5, None, True]})
    pages.add(
        THINGS, "second", lambda _: [{"name": Link("a", "?of=a"), "size": 12345}, {"name": "b", "more": {"x": 1}}]
    )
    zpages = start()
    wanted = {
        "first": {"of": "me", "list": [1, 2.5, None, True]},
        "second": [{"name": "a", "size": 12345}, {"name": "b", "more": {"x": 1}}],
    }
    status, headers, text = ask(zpages, "/debug/thingz?of=me&format=json")
    assert (status, headers["content-type"], json.loads(text)) == (200, "application/json", wanted)
    assert json.loads(ask(zpages, "/debug/thingz?of=me", accept="application/json")[2]) == wanted
    status, headers, text = ask(zpages, "/debug/thingz?of=me", accept="text/html,application/json;q=0.9")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    page = Parsed(text)
    assert ("a", {"href": "?of=a"}) in page.tags
    assert ("input", {"name": "of", "value": "me", "autocomplete": "off"}) in page.tags
    assert "12,345" in page.text


def test_a_browser_may_load_nothing_and_run_nothing(start: Start, pages: Pages):
    pages.add(THINGS, "first", lambda _: None)
    zpages = start()
    for path in ("/", "/debug", "/debug/thingz"):
        _, headers, text = ask(zpages, path)
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert not {"script", "style"} & {tag for tag, _ in Parsed(text).tags}
    status, headers, text = ask(zpages, "/debug/zpages.css")
    assert (status, headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "prefers-color-scheme: dark" in text


texts = st.text(alphabet=st.sampled_from("<>&\"'=/ab {}\\") | st.characters(codec="utf-8"))
shown = st.recursive(
    texts | st.booleans() | st.none() | st.integers() | st.floats(allow_nan=False) | st.builds(Link, texts, texts),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)
TAGS = {
    "html", "head", "meta", "title", "link", "body", "nav", "a", "h1", "p", "form", "label", "input", "select",
    "option", "button", "section", "h2", "div", "table", "thead", "tbody", "tr", "th", "td", "dl", "dt", "dd", "ul",
    "li", "span",
}  # fmt: skip


@given(texts, shown, texts)
def test_no_text_becomes_html(heading, anything, asked):
    page = Parsed(html_page(THINGS, [THINGS], {"of": asked}, {heading: anything}))
    assert {tag for tag, _ in page.tags} <= TAGS
    allowed = {"href", "name", "value", "class", "lang", "charset", "content", "rel", "method", "autocomplete"}
    assert {name for _, attributes in page.tags for name in attributes} <= allowed | {"selected", "aria-current"}


def test_questions_that_make_no_sense_are_answered_with_what_would(start: Start, pages: Pages):
    def read(question):
        if question.get("of") == "nobody":
            raise ValueError("nobody has things")

    pages.add(THINGS, "first", read)
    zpages = start()
    status, _, text = ask(zpages, "/debug/otherz")
    assert (status, text) == (404, "there is no such page; there are /debug/thingz\n")
    assert ask(zpages, "/debug/thingz?of=nobody")[::2] == (400, "nobody has things\n")
    assert ask(zpages, "/debug/thingz?kind=huge")[::2] == (400, "kind must be one of small, large\n")
    assert ask(zpages, "/debug/thingz?what=x")[::2] == (
        400,
        "thingz does not understand 'what'; it understands format, of, kind\n",
    )
    assert ask(zpages, "/debug/thingz?format=xml")[0] == 400
    assert ask(zpages, "/debug/thingz?of=&kind=")[0] == 200


@pytest.mark.proves("zpages.allowed_hosts")
def test_strangers_names_are_not_answered(start: Start):
    assert ask(start(), "/debug", host="evil.example")[0] == 421
    assert ask(start(allowed_hosts=("*.example",)), "/debug", host="pages.example")[0] == 200


def test_all_pages_are_listed(start: Start, pages: Pages):
    pages.add(THINGS, "first", lambda _: None)
    assert json.loads(ask(start(), "/debug?format=json")[2]) == {"thingz": "All <things>."}


@pytest.mark.proves("zpages.expvar.enabled")
def test_what_is_not_there_is_said():
    assert [key for key, _ in ExpvarConfig(enabled=True).problems()] == ["enabled"]
    assert list(ZPagesConfig().warnings()) == []
    assert "localhost" in next(iter(ZPagesConfig(endpoint="0.0.0.0:55679").warnings()))
