"""What a reader does on the search page, in a browser, against canned answers."""

import json
import re

from playwright.sync_api import expect

from . import answers


def last_search(stage) -> dict[str, str]:
    return {k: v[0] for path, query in stage.asked if path == "/api/v3/trace-summaries" for k, v in query.items()}


def test_the_newest_traces_are_there_without_asking(open_page, stage, picture) -> None:
    page = open_page(stage.url + "/")
    expect(page.locator(".result")).to_have_count(20)
    expect(page.locator(".result").first).to_contain_text("frontend")
    expect(page.locator("circle.point")).to_have_count(20)
    asked = last_search(stage)
    assert asked["query.searchDepth"] == "20"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", asked["query.startTimeMin"])
    picture(page, "search")


def test_the_form_asks_for_all_it_says_and_the_address_keeps_it(open_page, stage) -> None:
    page = open_page(stage.url + "/search")
    page.get_by_role("combobox", name="Service").click()
    page.get_by_role("combobox", name="Service").fill("pay")
    page.get_by_role("option", name="payment").click()
    page.get_by_role("combobox", name="Operation").click()
    page.get_by_role("option", name="charge").click()
    page.get_by_label("Tags").fill('http.method=GET msg="no route" error=true')
    page.get_by_label("Shortest duration").fill("1.5 ms")
    page.get_by_label("Longest duration").fill("2s")
    page.get_by_label("Time").select_option("3h")
    page.get_by_label("Limit").fill("7")
    page.get_by_role("button", name="Find traces").click()
    expect(page.locator(".result")).to_have_count(7)
    asked = last_search(stage)
    assert asked["query.serviceName"] == "payment"
    assert asked["query.operationName"] == "charge"
    assert json.loads(asked["query.attributes"]) == {"http.method": "GET", "msg": "no route", "error": "true"}
    assert (asked["query.durationMin"], asked["query.durationMax"], asked["query.searchDepth"]) == ("1.5ms", "2s", "7")
    again = open_page(page.url)
    expect(again.get_by_label("Tags")).to_have_value('http.method=GET msg="no route" error=true')
    expect(again.get_by_role("combobox", name="Service")).to_have_value("payment")
    expect(again.get_by_label("Limit")).to_have_value("7")


def test_a_mistake_is_told_before_anything_is_asked(open_page, stage) -> None:
    page = open_page(stage.url + "/search")
    expect(page.locator(".result").first).to_be_visible()
    before = len(stage.asked)
    page.get_by_label("Shortest duration").fill("5")
    page.get_by_label("Tags").fill('a="open')
    page.keyboard.press("Enter")
    expect(page.get_by_text("Write durations like")).to_be_visible()
    expect(page.get_by_text("A quote isn't closed.")).to_be_visible()
    assert len(stage.asked) == before


def test_enter_of_an_input_method_sends_nothing(open_page, stage) -> None:
    page = open_page(stage.url + "/search", locale="ko-KR")
    expect(page.locator(".result").first).to_be_visible()
    session = page.context.new_cdp_session(page)
    page.locator("#search-tags").focus()
    session.send("Input.imeSetComposition", {"text": "한", "selectionStart": 1, "selectionEnd": 1})
    before = len(stage.asked)
    page.keyboard.press("Enter")
    assert page.url.endswith("/search")
    session.send("Input.insertText", {"text": "한국=어"})
    page.locator("#search-tags").press("End")
    assert len(stage.asked) == before
    with page.expect_request("**/trace-summaries?*attributes*"):
        page.keyboard.press("Enter")
    expect(page.locator(".results[aria-busy=false]")).to_be_visible()
    assert json.loads(last_search(stage)["query.attributes"]) == {"한국": "어"}


def test_results_are_ordered_and_open_their_trace_and_back_finds_the_list(open_page, stage) -> None:
    stage.add(answers.checkout("e" * 32))
    stage.summaries = [answers.checkout("e" * 32, scale=9).summary(), answers.checkout("f" * 32).summary(-(10**9))]
    page = open_page(stage.url + "/search?sort=shortest")
    expect(page.locator(".result-duration").first).to_have_text("486 ms")
    page.get_by_label("Sort by").select_option("longest")
    expect(page.locator(".result-duration").first).to_have_text("4.38 s")
    assert "sort=longest" in page.url
    page.locator(".result a").first.click()
    expect(page.locator(".row").first).to_contain_text("POST /api/checkout")
    asked = len(stage.asked)
    page.go_back()
    expect(page.locator(".result-duration").first).to_have_text("4.38 s")
    assert not [path for path, _ in stage.asked[asked:] if path.endswith("summaries")]


def test_going_back_finds_the_list_where_it_was_left(open_page, stage) -> None:
    page = open_page(stage.url + "/search?limit=40")
    expect(page.locator(".result")).to_have_count(40)
    stage.add(answers.checkout(f"{30:032x}"))
    page.locator(".result").nth(29).scroll_into_view_if_needed()
    top = page.evaluate("scrollY")
    assert top > 500
    page.locator(".result a").nth(29).click()
    expect(page.locator(".trace-header")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    page.wait_for_function("top => Math.abs(scrollY - top) < 5", arg=top)


def test_a_bubble_opens_its_trace(open_page, stage) -> None:
    stage.summaries = [answers.checkout().summary()]
    page = open_page(stage.url + "/search")
    page.locator("circle.point").click()
    expect(page.locator(".trace-header")).to_contain_text(answers.checkout().id)


def test_a_pasted_traceparent_opens_the_span(open_page, stage) -> None:
    page = open_page(stage.url + "/search")
    box = page.get_by_label("Open a trace by its id")
    box.fill("not an id")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("isn't a trace id")
    box.fill(f"00-{answers.checkout().id}-0000000000000010-01")
    box.press("Enter")
    expect(page.locator(".detail")).to_contain_text("0000000000000010")


def test_the_first_span_appears_by_itself(open_page, stage, picture) -> None:
    services, summaries = stage.services, stage.summaries
    stage.services, stage.summaries = [], []
    page = open_page(stage.url + "/")
    expect(page.get_by_text("Waiting for the first span")).to_be_visible()
    expect(page.get_by_text('OTLPSpanExporter(endpoint="localhost:4317", insecure=True)')).to_be_visible()
    picture(page, "first-span")
    stage.services, stage.summaries = services, summaries
    expect(page.locator(".result")).to_have_count(20)


def test_nothing_found_says_how_to_search_wider(open_page, stage) -> None:
    stage.summaries = []
    page = open_page(stage.url + "/search?service=cart")
    page.get_by_role("button", name="Search the last 30 days").click()
    page.wait_for_url("**lookback=30d**")
    assert last_search(stage)["query.serviceName"] == "cart"


def test_an_error_is_shown_with_the_servers_words(open_page, stage, faults) -> None:
    faults.allow("responded with a status of 4")
    stage.error = (400, "malformed parameter <query.attributes>: nope")
    page = open_page(stage.url + "/search")
    expect(page.get_by_role("alert")).to_contain_text("malformed parameter <query.attributes>: nope")
    stage.error = None
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".result").first).to_be_visible()


def test_language_and_theme_are_chosen_and_kept(open_page, stage, picture) -> None:
    page = open_page(stage.url + "/search")
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("button", name="트레이스 찾기")).to_be_visible()
    page.get_by_role("button", name="테마").click()
    page.get_by_role("button", name="테마").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator(".result").first).to_be_visible()
    picture(page, "search-korean-dark")


def test_nothing_is_cut_off_on_a_phone(open_page, stage, picture) -> None:
    page = open_page(stage.url + "/search", width=390, height=844)
    expect(page.locator(".result").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "search-phone")
    page.get_by_text("Find traces").first.click()
    expect(page.get_by_label("Tags")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_page_is_reached_from_a_phone(open_page, stage) -> None:
    page = open_page(stage.url, width=390)
    for name, title in (("TraceQL", "TraceQL · Otelier"), ("SQL", "SQL · Otelier"), ("Search", "Search · Otelier")):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page).to_have_title(title)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_was_found_is_in_sight_where_the_window_is_as_wide_as_a_form_alone(open_page, stage) -> None:
    page = open_page(stage.url, width=800, height=600)
    expect(page.get_by_role("button", name="Find traces")).to_be_hidden()
    expect(page.locator(".result-link").first).to_be_in_viewport()
