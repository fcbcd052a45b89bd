"""Telemetry is text from strangers: it is shown, and does nothing."""

from playwright.sync_api import expect

from . import answers

HOSTILE = answers.hostile().id


def test_markup_in_a_trace_is_shown_as_text(open_page, stage, picture) -> None:
    page = open_page(f"{stage.url}/trace/{HOSTILE}?span=0000000000000001")
    detail = page.get_by_role("region", name="Details of the span")
    expect(detail.locator("td", has_text=answers.HOSTILE).first).to_be_visible()
    expect(page.locator(".trace-title h1")).to_contain_text(answers.HOSTILE)
    assert page.locator("main script, main img, main svg[onload], main b:has-text('q')").count() == 0
    picture(page, "hostile")


def test_hidden_characters_are_written_out(open_page, stage) -> None:
    page = open_page(f"{stage.url}/trace/{HOSTILE}?span=0000000000000002")
    expect(page.locator(".row", has_text="invoice⟨U+202E⟩gpj.exe⟨U+2066⟩⟨U+200B⟩")).to_be_visible()
    assert not any(hidden in page.locator("main").inner_text() for hidden in "\u202e\u2066\u200b\x00\x1b")


def test_only_addresses_of_the_web_are_links(open_page, stage) -> None:
    page = open_page(f"{stage.url}/trace/{HOSTILE}?span=0000000000000001")
    links = page.get_by_role("region").locator("td a")
    expect(links).to_have_count(1)
    expect(links).to_have_attribute("href", "https://example.org/?q=%3Cb%3E")
    expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(page.get_by_role("region").locator(".links a")).to_have_attribute(
        "href", "/trace/%22%3E%3Cscript%3E?span=..%2F..%2Fx"
    )


def test_huge_text_is_cut_until_asked_for(open_page, stage) -> None:
    page = open_page(f"{stage.url}/trace/{HOSTILE}?span=0000000000000001")
    huge = page.get_by_role("region").locator("tr", has_text="huge").locator("td").first
    assert len(huge.inner_text()) < 1000
    huge.get_by_role("button", name="Show all 2,000,000 characters").click()
    assert len(huge.inner_text()) > 100_000


def test_odd_trees_are_whole_and_say_what_is_odd(open_page, stage) -> None:
    page = open_page(f"{stage.url}/trace/{HOSTILE}")
    expect(page.get_by_role("row")).to_have_count(6)
    expect(page.locator(".mark.warn")).to_have_count(3)


def test_markup_in_a_search_is_shown_as_text(open_page, stage) -> None:
    stage.summaries = [answers.hostile().summary()]
    page = open_page(stage.url + "/search")
    expect(page.locator(".result", has_text=answers.HOSTILE).first).to_be_visible()
    page.get_by_role("combobox", name="Service").click()
    page.get_by_role("option", name="<img src=x").click()
    page.get_by_role("combobox", name="Operation").click()
    expect(page.get_by_role("option", name="<img src=x")).to_be_visible()
    page.get_by_role("button", name="Find traces").click()
    page.wait_for_url("**service=%3Cimg**")


def test_a_hostile_address_is_only_an_unknown_trace(open_page, stage, faults) -> None:
    faults.allow("responded with a status of 4")
    for path in (
        "/trace/%3Cimg src=x onerror=alert(1)%3E",
        "/trace/%ff",
        "/trace/a%20b",
        "/search?service=%3Cimg%20src=x%3E&tags=%22&limit=-1",
    ):
        page = open_page(stage.url + path)
        expect(page.locator("main")).not_to_be_empty()
        assert page.locator("main script, main img").count() == 0


def test_logs_are_text_too(open_page, stage) -> None:
    page = open_page(f"{stage.url}/trace/{HOSTILE}?view=logs")
    expect(page.locator(".log")).to_have_count(2)
    page.locator(".log").first.get_by_title("Attributes").click()
    expect(page.locator(".log table")).to_contain_text(answers.HOSTILE)
    assert page.locator("main script, main img").count() == 0
