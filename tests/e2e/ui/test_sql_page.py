"""SQL typed into a browser: completed, answered as a table and as a file, refused with its place."""

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
    """The address of a store with six checkouts of the last minutes."""
    process, url = start(otelier, tmp_path)
    chance, now = random.Random(5), time.time_ns()
    for i in range(6):
        trace = answers.checkout(
            f"{chance.getrandbits(128):032x}", fails=i % 4 == 1, scale=1.0, start_ns=now - i * 40 * 10**9 - 10**10
        )
        export(process.address("http"), trace)
    return url


def ask(page: Page, text: str) -> None:
    page.get_by_label("SQL statement").fill(text)
    page.get_by_role("button", name="Run").click()


def test_a_statement_is_answered_as_a_table_and_as_a_file(shop: str, open_page, picture) -> None:
    page = open_page(shop + "/sql")
    page.get_by_role("button", name=re.compile("^SELECT service, count")).click()
    rows = page.locator(".sql-table tbody tr")
    expect(rows).not_to_have_count(0)
    expect(page.locator(".sql-table thead")).to_contain_text("p95_ms")
    picture(page, "sql")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert lines[0] == "service,calls,p95_ms"
    assert len(lines) == 1 + rows.count()
    assert "q=SELECT" in page.url


def test_ids_of_traces_lead_into_them(shop: str, open_page) -> None:
    page = open_page(shop + "/sql")
    ask(page, "SELECT trace_id, name FROM spans WHERE parent_span_id IS NULL ORDER BY start_time")
    expect(page.locator(".sql-table tbody tr")).to_have_count(6)
    page.locator(".sql-table a").first.click()
    expect(page).to_have_url(re.compile("/trace/[0-9a-f]{32}"))
    page.go_back()
    expect(page.locator(".sql-table tbody tr")).to_have_count(6)


def test_a_half_typed_statement_is_completed(shop: str, open_page) -> None:
    page = open_page(shop + "/sql")
    box = page.get_by_label("SQL statement")
    box.press_sequentially("SELECT ")
    expect(page.get_by_role("option").first).to_be_visible()
    # Choices for an earlier word must not take what was typed since.
    box.press_sequentially("* FROM sp")
    page.get_by_role("option", name="spans").click()
    expect(box).to_have_value("SELECT * FROM spans")
    box.press_sequentially(' WHERE "resource.service.na')
    page.get_by_role("option", name="resource.service.name").first.click()
    expect(box).to_have_value('SELECT * FROM spans WHERE "resource.service.name"')
    box.press_sequentially(" = 'checkout' AND dur")
    page.get_by_role("option", name="duration_ns").click()
    expect(box).to_have_value(re.compile("duration_ns$"))


def test_nothing_is_asked_before_something_is_typed(shop: str, open_page) -> None:
    page = open_page(shop + "/sql")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_label("SQL statement")).to_have_attribute("aria-invalid", "false")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_is_wrong_is_said_with_its_place(shop: str, open_page, faults, picture) -> None:
    faults.allow("400")
    page = open_page(shop + "/sql", locale="ko-KR", scheme="dark")
    box = page.get_by_label("SQL 문")
    box.fill("SELECT name\nFROM spans WHERE nam = 'x'")
    page.get_by_role("button", name="실행").click()
    expect(page.get_by_role("alert")).to_contain_text('"nam"')
    expect(box).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="2행 18열로 이동").click()
    assert box.evaluate("box => box.value.slice(box.selectionStart, box.selectionEnd)") == "nam"
    picture(page, "sql-error")
    box.fill("COPY spans TO '/tmp/x'")
    page.get_by_role("button", name="실행").click()
    expect(page.get_by_role("alert")).to_contain_text("COPY is refused")


def test_values_from_outside_stay_text(shop: str, open_page) -> None:
    page = open_page(shop + "/sql")
    ask(page, "SELECT '<img src=x onerror=alert(1)>' AS \"<b>x</b>\", NULL AS n, {'a': [1]} AS deep")
    expect(page.locator(".sql-table td").first).to_have_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".sql-table th").first).to_have_text("<b>x</b>")
    expect(page.locator(".sql-table td").nth(1)).to_have_text("NULL")
    expect(page.locator(".sql-table td").nth(2)).to_have_text('{"a":[1]}')


def test_the_page_fits_a_phone(shop: str, open_page, picture) -> None:
    page = open_page(shop + "/sql", width=390)
    ask(page, "SELECT * FROM spans ORDER BY start_time LIMIT 20")
    expect(page.locator(".sql-table tbody tr")).to_have_count(20)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "sql-phone")
