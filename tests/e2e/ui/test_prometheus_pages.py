"""The pages beside Prometheus' API, in a browser: a query typed, completed, run, drawn; alerts; who has most series."""

from collections.abc import Iterator
from contextlib import contextmanager

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
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HOSTILE = "<img src=x onerror=alert(1)>"


class Evaluated:
    """One alert that fires."""

    def groups(self, tenant: str) -> list[RuleGroup]:
        labels = (("alertname", "Down"), ("job", HOSTILE))
        alert = Alert(labels, (("summary", "it is down"),), "firing", 1_700_000_000_000_000_000, 0.0)
        rule = Rule(
            "alerting",
            "Down",
            "rate(http_requests_total[5m]) == 0",
            (),
            "ok",
            state="firing",
            for_s=300.0,
            alerts=(alert,),
        )
        return [RuleGroup("availability", "rules.yml", 60.0, rules=(rule,))]

    def alertmanagers(self) -> tuple[list[str], list[str]]:
        return [], []


@contextmanager
def serving(clock: SystemClock, metrics: MemoryMetrics) -> Iterator[str]:
    settings = HttpServerSettings(endpoint="127.0.0.1:0")
    options = PrometheusOptions(server=settings)
    groups = routes.groups(metrics, options, clock, "/data", Evaluated(), ui=lambda _: "http://127.0.0.1:1")
    endpoint = HttpEndpoint(settings, Web(Router(groups), HostCheck("127.0.0.1")), "pages", threads=4)
    endpoint.start()
    host, port = endpoint.address
    yield f"http://{host}:{port}"
    endpoint.stop()


@pytest.fixture
def empty() -> Iterator[str]:
    with serving(SystemClock(), MemoryMetrics()) as address:
        yield address


@pytest.fixture
def url() -> Iterator[str]:
    clock = SystemClock()
    metrics = MemoryMetrics()
    start_ms = clock.time_ns() // 10**6 - POINTS * STEP_MS
    for job in ("cart", "checkout", HOSTILE):
        metrics.load(f'http_requests_total{{job="{job}",path="/{len(job)}"}} 0+15x{POINTS}', STEP_MS, start_ms)
        series = (("__name__", "http_requests_total"), ("job", job), ("path", f"/{len(job)}"))
        trace = (("trace_id", TRACE), ("span_id", SPAN), ("hostile", HOSTILE))
        metrics.add_exemplar(series, start_ms + (POINTS - 20) * STEP_MS, 0.5, trace)
    metrics.load(f'{{"http.server.duration","service.name"="cart"}} 1x{POINTS}', STEP_MS, start_ms)
    with serving(clock, metrics) as address:
        yield address


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


def test_a_point_alone_is_seen(open_page, url) -> None:
    page = open_page(
        f"{url}/graph?g0.expr=http_requests_total and on() (vector(time()) %25 600 < 15)&g0.tab=0&g0.range_input=1h"
    )
    expect(page.locator("path.line")).to_have_count(3)
    lone = page.locator("path.lone").first
    assert (lone.get_attribute("d") or "").count("M") >= 5


def test_who_has_no_query_yet_is_offered_what_is_stored(box) -> None:
    box.get_by_role("button", name="http.server.duration").click()
    expect(box.get_by_role("combobox", name="PromQL query")).to_have_value('{"http.server.duration"}')
    expect(box.locator("tbody tr")).to_have_count(1)


def test_who_has_no_metrics_is_told_how_to_get_some(open_page, empty) -> None:
    page = open_page(f"{empty}/graph")
    expect(page.locator("main")).to_contain_text("No metrics are stored yet. Send them by OTLP")
    expect(page.get_by_role("link", name="Traces")).to_have_attribute("href", "/search")


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
    page.get_by_role("link", name="rate(http_requests_total[5m]) == 0").click()
    expect(page.get_by_role("combobox")).to_have_value("rate(http_requests_total[5m]) == 0")
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


def test_a_graph_shows_exemplars_that_lead_to_traces(open_page, url, picture) -> None:
    page = open_page(f"{url}/graph?g0.expr=rate(http_requests_total[5m])&g0.tab=0&g0.range_input=30m")
    expect(page.locator("path.line")).to_have_count(3)
    expect(page.locator("a.exemplar")).to_have_count(0)
    page.get_by_role("checkbox", name="Exemplars").check()
    expect(page.locator("a.exemplar")).to_have_count(3)
    expect(page.locator(".exemplars li")).to_have_count(3)
    assert "g0.show_exemplars=1" in page.url
    address = page.locator("a.exemplar").first.get_attribute("href")
    assert address
    assert address.startswith(f"/trace/{TRACE}?exemplar=1")
    assert address.endswith(f"&span={SPAN}")
    assert page.locator(".exemplars a").first.get_attribute("href") == address
    picture(page, "prometheus-exemplars")
    page.reload()
    expect(page.locator("a.exemplar")).to_have_count(3)
    expect(page.locator(".exemplars")).to_contain_text(HOSTILE)


def test_a_query_without_exemplars_says_so(open_page, url) -> None:
    page = open_page(f"{url}/graph?g0.expr=vector(1)&g0.tab=0&g0.show_exemplars=1", locale="ko-KR")
    expect(page.get_by_text("exemplar가 없습니다")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_an_alert_leads_to_traces_of_its_labels(open_page, url, picture, width: int) -> None:
    page = open_page(f"{url}/alerts", width=width)
    link = page.get_by_role("link", name="open the trace")
    expect(link).to_have_count(1)
    expect(page.locator(".exemplars")).to_contain_text(HOSTILE)
    assert (link.get_attribute("href") or "").startswith(f"/trace/{TRACE}?exemplar=")
    picture(page, f"prometheus-alerts-{width}")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["graph", "alerts", "rules", "targets", "cardinality", "status"])
def test_no_page_is_wider_than_the_window(open_page, url, faults, name: str, width: int) -> None:
    faults.allow("503")
    page = open_page(f"{url}/{name}?g0.expr=http_requests_total&g0.show_exemplars=1&g0.tab=0", width=width)
    expect(page.locator("#content > *").first).to_be_visible()
    expect(page.get_by_text("Loading")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_status_page_and_the_addresses_that_prometheus_has(open_page, url, faults) -> None:
    faults.allow("503")
    page = open_page(f"{url}/status")
    expect(page.locator("main")).to_contain_text("query.lookback-delta")
    expect(page.locator("main")).to_contain_text("3.15.0")
    for address, name in (
        ("query", "Query"), ("service-discovery", "Targets"), ("tsdb-status", "Cardinality"), ("config", "Status"),
        ("flags", "Status"),
    ):  # fmt: skip
        page.goto(f"{url}/{address}")
        expect(page.locator("nav a[aria-current]")).to_have_text(name)
