"""The pages beside Prometheus' API, in a browser: a query typed, completed, run, drawn; alerts; who has most series."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from otelier.api.prometheus import routes
from otelier.api.prometheus.options import PrometheusOptions
from otelier.component import SystemClock
from otelier.query.rules_state import Alert, Rule, RuleGroup
from otelier.server.endpoint import HttpEndpoint
from otelier.server.hosts import HostCheck
from otelier.server.http import HttpServerSettings
from otelier.server.router import Router
from otelier.server.web import Web
from otelier.testing.memory_metrics import MemoryMetrics

STEP_MS = 15_000
POINTS = 240
HOSTILE = "<img src=x onerror=alert(1)>"


class Evaluated:
    """One alert that fires."""

    def groups(self, tenant: str) -> list[RuleGroup]:
        labels = (("alertname", "Down"), ("job", HOSTILE))
        alert = Alert(labels, (("summary", "it is down"),), "firing", 1_700_000_000_000_000_000, 0.0)
        rule = Rule("alerting", "Down", "up == 0", (), "ok", state="firing", for_s=300.0, alerts=(alert,))
        return [RuleGroup("availability", "rules.yml", 60.0, rules=(rule,))]

    def alertmanagers(self) -> tuple[list[str], list[str]]:
        return [], []


@pytest.fixture
def url() -> Iterator[str]:
    clock = SystemClock()
    metrics = MemoryMetrics()
    start_ms = clock.time_ns() // 10**6 - POINTS * STEP_MS
    for job in ("cart", "checkout", HOSTILE):
        metrics.load(f'http_requests_total{{job="{job}",path="/{len(job)}"}} 0+15x{POINTS}', STEP_MS, start_ms)
    metrics.load(f'{{"http.server.duration","service.name"="cart"}} 1x{POINTS}', STEP_MS, start_ms)
    settings = HttpServerSettings(endpoint="127.0.0.1:0")
    groups = routes.groups(metrics, PrometheusOptions(server=settings), clock, "/data", Evaluated())
    endpoint = HttpEndpoint(settings, Web(Router(groups), HostCheck("127.0.0.1")), "pages", threads=4)
    endpoint.start()
    host, port = endpoint.address
    yield f"http://{host}:{port}"
    endpoint.stop()


@pytest.fixture
def box(open_page, url) -> Page:
    page = open_page(f"{url}/")
    expect(page.get_by_role("combobox", name="PromQL query")).to_be_focused()
    return page


def test_a_name_is_completed_and_the_query_runs_by_enter(box) -> None:
    query = box.get_by_role("combobox", name="PromQL query")
    query.press_sequentially("requests")
    box.get_by_role("option", name="http_requests_total").click()
    expect(query).to_have_value("http_requests_total")
    query.press("Enter")
    expect(box.locator("tbody tr")).to_have_count(3)
    expect(box.locator("tbody")).to_contain_text(HOSTILE)
    assert "g0.expr=http_requests_total" in box.url


def test_a_name_of_other_letters_is_completed_in_quotes(box) -> None:
    query = box.get_by_role("combobox", name="PromQL query")
    query.press_sequentially("http.ser")
    box.get_by_role("option").first.click()
    expect(query).to_have_value('{"http.server.duration"}')


def test_a_graph_has_a_line_a_series_and_tells_values_under_the_pointer(open_page, url, picture) -> None:
    page = open_page(f"{url}/graph?g0.expr=rate(http_requests_total[5m])&g0.tab=0&g0.range_input=30m")
    expect(page.locator("path.line")).to_have_count(3)
    page.locator(".chart svg").hover()
    expect(page.locator(".tip")).to_contain_text("1")
    page.locator(".legend button").first.click()
    expect(page.locator("path.line")).to_have_count(1)
    page.locator(".legend button").first.click()
    expect(page.locator("path.line")).to_have_count(3)
    picture(page, "prometheus-graph")


def test_a_query_that_is_wrong_says_where(open_page, url, faults) -> None:
    faults.allow("400")
    page = open_page(f"{url}/graph?g0.expr=sum(&g0.tab=1")
    expect(page.get_by_role("alert")).to_contain_text("1:5: parse error")


def test_a_query_is_formatted_and_explained(open_page, url) -> None:
    page = open_page(f"{url}/graph?g0.expr=sum(rate(http_requests_total[5m]))by(job)")
    page.get_by_role("button", name="Format").click()
    expect(page.get_by_role("combobox", name="PromQL query")).to_have_value(
        "sum by (job) (rate(http_requests_total[5m]))"
    )
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".plan")).to_contain_text("would read 3 series")


def test_alerts_in_korean_and_dark(open_page, url, picture) -> None:
    page = open_page(f"{url}/alerts", scheme="dark", locale="ko-KR")
    expect(page.locator("nav a[aria-current]")).to_have_text("알림")
    expect(page.locator(".group")).to_contain_text("it is down")
    expect(page.locator(".group")).to_contain_text(HOSTILE)
    page.get_by_role("link", name="up == 0").click()
    expect(page.get_by_role("combobox")).to_have_value("up == 0")
    picture(page, "prometheus-korean")


def test_rules_and_targets_that_are_not_there(open_page, url, faults) -> None:
    faults.allow("503")
    page = open_page(f"{url}/rules")
    expect(page.locator(".group")).to_contain_text("availability")
    page.get_by_role("link", name="Targets").click()
    expect(page.get_by_role("alert")).to_contain_text("otelier_prometheus")


def test_who_has_most_series_and_by_which_label(open_page, url, picture) -> None:
    page = open_page(f"{url}/cardinality", width=500)
    page.get_by_role("button", name="http_requests_total").click()
    expect(page.locator(".inside")).to_contain_text("path")
    picture(page, "prometheus-cardinality")


def test_the_choices_of_theme_and_language_stay(open_page, url) -> None:
    page = open_page(f"{url}/rules")
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="한국어").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
