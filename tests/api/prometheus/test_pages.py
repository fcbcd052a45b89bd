"""The pages load from here alone, hold nothing inline, and say everything in two languages."""

import re

import pytest

from otelier.api.prometheus.pages import PAGES, served

FILES = sorted(served())
SCRIPTS = [name for name in FILES if name.endswith(".js")]


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_the_document_under_a_strict_policy(prometheus, path):
    answer = prometheus.ask("GET", f"{path}?g0.expr=up&g0.tab=0")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    text = answer.body.decode()
    assert not re.search(r"<style|\bstyle=|\bon\w+=|javascript:", text)
    assert not [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag]
    for address in re.findall(r'(?:src|href)="([^"]+)"', text):
        assert prometheus.ask("GET", address).status == 200, address


def test_the_way_in_leads_to_the_query(prometheus):
    answer = prometheus.ask("GET", "/")
    assert (answer.status, answer.headers["location"]) == (302, "/graph")


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_loaded_from_elsewhere(prometheus, name):
    answer = prometheus.ask("GET", f"/static/prometheus/{name}")
    assert answer.status == 200
    assert not re.search(
        r"(?:https?:)?//[a-z0-9-]+\.[a-z]", answer.body.decode().replace("http://www.w3.org/2000/svg", "")
    )


@pytest.mark.parametrize("name", ["nothing.js", "__init__.py", "..%2f__init__.py", "%2e%2e"])
def test_nothing_else_is_served(prometheus, name):
    assert prometheus.ask("GET", f"/static/prometheus/{name}").status == 404


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_make_no_html_of_texts_and_import_what_is_there(name):
    text = served()[name].body.decode()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert set(re.findall(r'from "\./([^"]+)"', text)) <= set(FILES)


def test_every_word_is_there_in_both_languages():
    words = re.findall(r"^  (\w+): (\[.*\]),$", served()["words.js"].body.decode(), re.MULTILINE)
    known = {name for name, _ in words}
    assert len(known) > 50
    for name, pair in words:
        texts = re.findall(r'"((?:[^"\\]|\\.)*)"', pair)
        assert len(texts) == 2 and all(texts), name
        assert sorted(re.findall(r"\{\d\}", texts[0])) == sorted(re.findall(r"\{\d\}", texts[1])), name
    used = {word for name in SCRIPTS for word in re.findall(r'\bt\("(\w+)"', served()[name].body.decode())}
    assert used <= known
