"""Several components show something on one page, for as long as they want."""

import json

from otelier.component import Link, Page, Pages

THINGS = Page("thingz", "All things.")


def test_what_is_added_is_read_when_somebody_looks():
    pages = Pages()
    state = {"size": 1}
    pages.add(THINGS, "a", lambda _: dict(state))
    forget = pages.add(THINGS, "b", lambda question: question.get("of", "all"))
    pages.add(Page("another", "One more."), "c", lambda _: None)
    state["size"] = 2
    assert [page.name for page in pages.all()] == ["another", "thingz"]
    assert pages.read("thingz", {"of": "x"}) == {"a": {"size": 2}, "b": "x"}
    forget()
    forget()
    assert pages.read("thingz", {}) == {"a": {"size": 2}}
    assert pages.read("nothing", {}) == {}


def test_a_link_is_a_text():
    assert json.dumps(Link("shown", "?a=b")) == '"shown"'
