"""The page of a trace that sampling dropped, opened from an exemplar: a kept one stands there, and says so."""

from typing import Any

import pytest
from playwright.sync_api import expect

from . import answers

GONE = "7" * 32
MEASURED = {
    "service": "payment", "timeUnixNano": str(answers.START_NS), "name": "charge", "kind": 2, "status": 2,
    "durationNanos": "44500000",
}  # fmt: skip


@pytest.fixture
def kept(stage, faults) -> dict[str, Any]:
    faults.allow("responded with a status of 404")
    trace = next(iter(stage.traces.values()))
    kept = {
        "traceId": trace.id, "spanId": "0000000000000002", "startTimeUnixNano": str(answers.START_NS + 5 * 10**9),
        "durationNanos": "41000000",
    }  # fmt: skip
    stage.exemplars[GONE] = {"traceId": GONE, "exemplar": MEASURED, "substitute": kept}
    return kept


@pytest.mark.parametrize("width", [1280, 390])
def test_the_nearest_kept_trace_is_shown_and_called_a_substitute(stage, kept, open_page, picture, width: int) -> None:
    address = f"{stage.url}/trace/{GONE}?exemplar=1764000000.5&span=b7ad6b7169203331"
    page = open_page(address, width=width)
    note = page.get_by_role("note")
    expect(note).to_contain_text("A substitute: the trace of this exemplar is not stored")
    expect(note).to_contain_text(GONE)
    expect(note).to_contain_text("payment · charge · server · error · 44.5 ms")
    expect(note).to_contain_text("took 41 ms and started 5 s later")
    expect(page.get_by_role("region", name="Details of the span")).to_be_visible()
    assert page.evaluate("scrollY") == 0, "what it is is seen first"
    note.get_by_role("button", name="Show that span").click()
    expect(page.get_by_role("region", name="Details of the span")).to_be_in_viewport()
    page.evaluate("scrollTo(0, 0)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"substitute-{width}")
    assert page.url == address, "the address goes on to name what was measured"
    asked = dict(stage.asked)
    assert asked[f"/api/otelier/v1/exemplars/{GONE}"] == {"time": ["1764000000.5"], "span": ["b7ad6b7169203331"]}
    assert f"/api/otelier/v1/traces/{kept['traceId']}/logs" in asked
    note.get_by_role("link").click()
    expect(page).to_have_url(f"{stage.url}/trace/{kept['traceId']}?span={kept['spanId']}")
    expect(page.get_by_role("note")).to_have_count(0)


def test_in_korean_and_dark(stage, kept, open_page, picture) -> None:
    page = open_page(f"{stage.url}/trace/{GONE}?exemplar=", locale="ko-KR", scheme="dark")
    expect(page.get_by_role("note")).to_contain_text("대체 트레이스")
    expect(page.get_by_role("note")).to_contain_text("5 s 뒤에 시작했습니다")
    picture(page, "substitute-korean")


def test_parameters_say_what_was_measured_where_metrics_are_elsewhere(stage, kept, open_page) -> None:
    page = open_page(f"{stage.url}/trace/{GONE}?exemplar=1&service=payment&name=charge&kind=server&duration=44.5ms")
    expect(page.get_by_role("note")).to_be_visible()
    asked = dict(stage.asked)[f"/api/otelier/v1/exemplars/{GONE}"]
    assert asked == {
        "time": ["1"], "service": ["payment"], "name": ["charge"], "kind": ["server"], "duration": ["44.5ms"],
    }  # fmt: skip


def test_where_nothing_is_kept_the_page_says_what_was_measured(stage, kept, open_page) -> None:
    stage.exemplars[GONE]["substitute"] = None
    page = open_page(f"{stage.url}/trace/{GONE}?exemplar=1")
    expect(page.get_by_text("no span with the same attributes is kept")).to_be_visible()
    expect(page.get_by_text("payment · charge")).to_be_visible()
    stage.exemplars[GONE]["exemplar"] = None
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No trace with this id is stored")).to_be_visible()


def test_without_an_exemplar_a_trace_that_is_not_there_is_not_there(stage, kept, open_page) -> None:
    page = open_page(f"{stage.url}/trace/{GONE}")
    expect(page.get_by_text("No trace with this id is stored")).to_be_visible()
    assert not any("exemplars" in path for path, _ in stage.asked)


def test_a_stored_trace_is_shown_as_itself(stage, kept, open_page, faults) -> None:
    page = open_page(f"{stage.url}/trace/{kept['traceId']}?exemplar=1&span={kept['spanId']}")
    expect(page.get_by_role("region", name="Details of the span")).to_be_visible()
    expect(page.get_by_role("note")).to_have_count(0)
