"""Fifty thousand spans: the page holds only what the window shows, and every row can be reached."""

import pytest
from playwright.sync_api import Page, expect

from . import answers


@pytest.fixture
def large(open_page, stage) -> Page:
    trace = stage.add(answers.large())
    page = open_page(f"{stage.url}/trace/{trace.id}")
    expect(page.locator(".row").first).to_be_visible(timeout=60_000)
    return page


def test_only_the_rows_in_the_window_exist(large, picture) -> None:
    assert large.locator(".row").count() < 100
    assert large.evaluate("document.querySelectorAll('*').length") < 3000
    expect(large.locator(".tree")).to_have_attribute("aria-rowcount", "50000")
    picture(large, "large-trace")


def test_scrolling_anywhere_shows_the_rows_of_that_place(large) -> None:
    height = large.evaluate("document.querySelector('.tree').offsetHeight")
    assert height == 50_000 * 28
    for share in (0.5, 0.999, 0.1):
        large.evaluate(f"scrollTo(0, document.querySelector('.tree').offsetHeight * {share})")
        index = int(50_000 * share)
        expect(large.locator(f"[aria-rowindex='{index}']")).to_be_attached()
        assert large.locator(".row").count() < 100


def test_a_span_far_below_is_found_and_brought_to_view(large) -> None:
    last = answers.large().spans["service-07"][-1]
    customer = next(a["value"]["stringValue"] for a in last["attributes"] if a["key"] == "customer.id")
    large.locator("#trace-find").fill(f"customer.id={customer} name={last['name'].split()[1]} service=service-07")
    expect(large.locator(".row.match").first).to_be_in_viewport()
    large.keyboard.press("Escape")
    large.goto(large.url.split("?")[0] + f"?span={last['spanId']}")
    expect(large.get_by_role("region", name="Details of the span")).to_contain_text(last["spanId"])


def test_folding_and_unfolding_all_keeps_every_row(large) -> None:
    large.get_by_role("button", name="Collapse all").click()
    expect(large.get_by_role("row")).to_have_count(1)
    large.get_by_role("button", name="Expand all").click()
    expect(large.locator(".tree")).to_have_attribute("aria-rowcount", "50000")
