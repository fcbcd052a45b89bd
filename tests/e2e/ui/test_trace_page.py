"""What a reader does with a trace, in a browser, against canned answers."""

import json
import re

from playwright.sync_api import Page, expect

from . import answers

SHOP = answers.checkout().id


def row(page: Page, text: str):
    return page.get_by_role("row", name=text).first


def open_shop(open_page, stage, address: str = "", **more) -> Page:
    page = open_page(f"{stage.url}/trace/{SHOP}{address}", **more)
    expect(page.locator(".trace-header")).to_be_visible()
    return page


def test_the_head_says_what_the_trace_is(open_page, stage, picture) -> None:
    page = open_shop(open_page, stage)
    facts = page.locator(".trace-header .fact")
    expect(facts.nth(1)).to_contain_text("486 ms")
    assert [re.sub(r"\D", "", facts.nth(i).inner_text()) for i in (2, 3, 4, 5)] == ["9", "5", "21", "3"]
    expect(page.get_by_role("row")).to_have_count(21)
    expect(page).to_have_title("frontend: POST /api/checkout · Otelier")
    picture(page, "trace")


def test_details_show_attributes_events_links_logs_and_where_they_came_from(open_page, stage, picture) -> None:
    page = open_shop(open_page, stage)
    row(page, "charge").click()
    detail = page.get_by_role("region", name="Details of the span")
    for text in (
        "app.payment.card_type",
        "card refused: token expired",
        "exception.stacktrace",
        "CardRefused",
        "+289 ms",
        "bank is slow",
    ):
        expect(detail).to_contain_text(text)
    expect(detail.get_by_role("link")).to_have_attribute(
        "href", "/trace/0af7651916cd43dd8448eb211c80319c?span=b7ad6b7169203331"
    )
    detail.get_by_text("Resource").click()
    expect(detail).to_contain_text("service.version")
    assert "span=" in page.url
    picture(page, "trace-detail")
    row(page, "charge").click()
    expect(detail).to_have_count(0)


def test_a_name_that_is_too_long_for_its_row_is_read_in_full_in_the_details(open_page, stage) -> None:
    name = "SELECT total FROM orders WHERE id IN (" + ", ".join(map(str, range(400))) + ")"
    trace = stage.add(answers.Trace("b" * 32))
    trace.span("shop", name, 0, 11)
    page = open_page(f"{stage.url}/trace/{trace.id}", width=390)
    row(page, "SELECT").click()
    detail = page.get_by_role("region", name="Details of the span")
    detail.get_by_role("button", name="Show all").click()
    expect(detail).to_contain_text(name)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_value_is_copied_as_it_was_sent(open_page, stage) -> None:
    page = open_shop(open_page, stage, "?span=0000000000000002")
    line = page.get_by_role("region").locator("tr", has_text="app.user.id")
    line.hover()
    line.get_by_role("button", name="Copy value").click()
    expect(line.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "7215993118224003841"


def test_a_link_to_a_span_opens_it(open_page, stage) -> None:
    page = open_shop(open_page, stage, "?span=0000000000000011")
    expect(page.get_by_role("region", name="Details of the span")).to_contain_text("0000000000000011")
    expect(row(page, "charge")).to_be_in_viewport()


def test_find_marks_and_walks_through_its_matches(open_page, stage) -> None:
    page = open_shop(open_page, stage)
    page.keyboard.press("/")
    page.keyboard.type("POST bank")
    expect(page.locator(".row.match")).to_have_count(3)
    expect(page.locator(".find-count")).to_have_text("1 of 3")
    page.keyboard.press("Enter")
    expect(page.locator(".find-count")).to_have_text("2 of 3")
    page.get_by_role("searchbox").fill("attempt=3")
    expect(page.locator(".row.match")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".row.match")).to_have_count(0)


def test_the_services_in_the_head_find_their_spans(open_page, stage) -> None:
    page = open_shop(open_page, stage)
    page.locator(".legend").get_by_text("currency").click()
    expect(page.locator(".row.match")).to_have_count(3)
    expect(page.get_by_role("searchbox", name="Find in trace")).to_have_value('service="currency"')


def test_rows_fold_and_say_what_they_hide(open_page, stage) -> None:
    page = open_shop(open_page, stage)
    expect(page.get_by_role("row")).to_have_count(21)
    page.get_by_role("button", name="Collapse all").click()
    expect(page.get_by_role("row")).to_have_count(1)
    expect(row(page, "POST /api/checkout")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("o")
    expect(page.get_by_role("row")).to_have_count(2)
    page.keyboard.press("[")
    expect(page.get_by_role("row")).to_have_count(21)


def test_the_tree_is_walked_by_keys_alone(open_page, stage) -> None:
    page = open_shop(open_page, stage)
    page.locator("[role=row][tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    focused = page.locator("[role=row]:focus")
    expect(focused).to_contain_text("prepareOrderItems")
    expect(focused).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Details of the span")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("[role=row]:focus")).to_contain_text("send_confirmation")


def test_dragging_over_the_strip_zooms_and_escape_goes_back(open_page, stage) -> None:
    page = open_shop(open_page, stage)
    box = page.locator(".minimap-strip").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.locator(".tick").first).to_have_text("150 ms")
    page.keyboard.press("Escape")
    expect(page.locator(".tick").first).to_have_text("0")
    page.keyboard.press("e")
    expect(page.locator(".row.current")).to_contain_text("POST /api/checkout")


def test_logs_of_the_trace_lead_to_their_span(open_page, stage, picture) -> None:
    page = open_shop(open_page, stage)
    page.get_by_role("button", name="Logs").click()
    expect(page.locator(".log")).to_have_count(4)
    assert page.locator(".log .severity").all_inner_texts() == ["INFO", "WARN", "ERROR", "ERROR"]
    picture(page, "logs")
    page.get_by_role("searchbox", name="Filter logs").fill("slow")
    expect(page.locator(".log")).to_have_count(1)
    page.locator(".log").get_by_title("To its span").click()
    expect(page.get_by_role("region", name="Details of the span")).to_contain_text("bank is slow")


def test_json_is_shown_and_downloaded_as_the_api_has_it(open_page, stage) -> None:
    page = open_shop(open_page, stage, "?view=json")
    expect(page.locator("pre.json")).to_contain_text("oteldemo.CheckoutService/PlaceOrder")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download JSON").click()
    assert download.value.suggested_filename == f"trace-{SHOP}.json"
    assert json.loads(download.value.path().read_text()) == answers.checkout().answer()


def test_an_unknown_trace_says_so(open_page, stage, faults) -> None:
    faults.allow("responded with a status of 4")
    page = open_page(f"{stage.url}/trace/{'9' * 32}")
    expect(page.get_by_text("No trace with this id is stored")).to_be_visible()
    stage.add(answers.checkout("9" * 32))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("row")).to_have_count(21)


def test_a_phone_shows_the_whole_page(open_page, stage, picture) -> None:
    page = open_shop(open_page, stage, "?span=0000000000000011", width=390, height=844)
    expect(page.get_by_role("region", name="Details of the span")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "trace-phone")


def test_dark_is_dark(open_page, stage, picture) -> None:
    page = open_shop(open_page, stage, "?span=0000000000000011", scheme="dark")
    expect(page.get_by_role("region", name="Details of the span")).to_be_visible()
    red, green, blue = map(
        int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))[:3]
    )
    assert red + green + blue < 120
    picture(page, "trace-dark")
