"""TraceQL typed into a browser: completed, answered by traces and by lines, refused with its place."""

import random
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ..test_first_program import start
from . import answers
from .test_real_thing import export


@pytest.fixture
def shop(otelier, tmp_path: Path) -> str:
    """The address of a store with twelve checkouts of the last minutes, some of which fail."""
    process, url = start(otelier, tmp_path)
    chance, now = random.Random(5), time.time_ns()
    for i in range(12):
        trace = answers.checkout(
            f"{chance.getrandbits(128):032x}", fails=i % 4 == 1, scale=1.0, start_ns=now - i * 40 * 10**9 - 10**10
        )
        export(process.address("http"), trace)
    return url


def ask(page: Page, text: str) -> None:
    page.get_by_label("TraceQL query").fill(text)
    page.get_by_role("button", name="Run").click()


def test_traces_are_found_and_a_found_span_leads_into_its_trace(shop: str, open_page, picture) -> None:
    page = open_page(shop + "/explore")
    page.get_by_role("button", name="{ status = error }", exact=True).click()
    expect(page.locator(".found-trace")).to_have_count(3)
    picture(page, "explore-traces")
    span = page.locator(".found-span").first
    span_id = (span.get_attribute("href") or "").split("span=")[1]
    span.click()
    expect(page.get_by_role("region", name="Details of the span")).to_contain_text(span_id)
    page.go_back()
    expect(page.locator(".found-trace")).to_have_count(3)


def test_numbers_over_time_are_lines_with_values(shop: str, open_page, picture) -> None:
    page = open_page(shop + "/explore?lookback=15m", scheme="dark")
    ask(page, "{ } | count_over_time() by (resource.service.name)")
    expect(page.locator(".chart-line")).not_to_have_count(0)
    rows = page.locator(".chart-legend tbody tr")
    expect(page.locator(".chart-line")).to_have_count(rows.count())
    box = page.locator(".chart svg").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60)
    expect(page.locator(".chart-cursor")).to_have_count(1)
    expect(page.locator(".chart-legend caption")).to_have_text(re.compile(r"\d\d:\d\d:\d\d"))
    rows.first.get_by_role("button").click()
    expect(rows.first.get_by_role("button")).to_have_attribute("aria-pressed", "false")
    picture(page, "explore-lines")


def test_a_half_typed_query_is_completed_with_what_spans_have(shop: str, open_page) -> None:
    page = open_page(shop + "/explore")
    box = page.get_by_label("TraceQL query")
    box.press_sequentially("{ resource.service.na")
    page.get_by_role("option", name="resource.service.name").first.click()
    expect(box).to_have_value(re.compile(r"^\{ resource\.service\.name$"))
    box.press_sequentially(" = ")
    expect(page.get_by_role("option", name='"checkout"')).to_be_visible()


def test_enter_runs_a_query_that_is_finished_whatever_may_come_next(shop: str, open_page) -> None:
    page = open_page(shop + "/explore")
    box = page.get_by_label("TraceQL query")
    box.press_sequentially("{ status = error }")
    expect(page.get_by_role("option", name="&&")).to_be_visible()
    box.press("Enter")
    expect(page.locator(".found-trace")).to_have_count(3)
    expect(box).to_have_value("{ status = error }")


def test_a_word_that_is_chosen_by_keys_is_taken_over(shop: str, open_page) -> None:
    page = open_page(shop + "/explore")
    box = page.get_by_label("TraceQL query")
    box.press_sequentially("{ status = ")
    first = page.get_by_role("option").first
    expect(first).to_be_visible()
    box.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    chosen = first.locator(".choice-name").inner_text()
    box.press("Enter")
    expect(box).to_have_value("{ status = " + chosen)


def test_what_is_wrong_is_said_with_its_place(shop: str, open_page, faults) -> None:
    faults.allow("400")
    page = open_page(shop + "/explore", locale="ko-KR")
    page.get_by_label("TraceQL 질의").fill("{ status && error }")
    page.get_by_role("button", name="실행").click()
    expect(page.get_by_role("alert")).to_contain_text("line 1, col 3")
    expect(page.get_by_label("TraceQL 질의")).to_have_attribute("aria-invalid", "true")


def test_the_page_fits_a_phone(shop: str, open_page, picture) -> None:
    page = open_page(shop + "/explore", width=390)
    page.get_by_label("TraceQL query").press_sequentially("{ status = error }")
    expect(page.get_by_role("option", name="&&")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".found-trace")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "explore-phone")
