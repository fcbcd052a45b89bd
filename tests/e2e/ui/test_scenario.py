"""From spans to a trace by way of an alert: span metrics by remote write, RED by PromQL, a shipped rule, its exemplars.

What is real: the SDK, the users' configurations of collectors, every process, the browser. Sampling drops most traces,
so that some exemplars' traces are not there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from otelier.rules import shipped
from otelier.testing import FakeAlertmanager

from ..two_layers.conftest import BALANCER, Deployment, Pod
from .scenario import FAILS, Backend, Shop, get, until

pytestmark = pytest.mark.shared
CALLS = "traces_span_metrics_calls_total"
BUCKETS = "traces_span_metrics_duration_milliseconds_bucket"
OF_SHOP = {"service_name": "shop", "span_name": "GET /cart"}
ALERT = "ServiceErrorRatioHigh"


@pytest.fixture
def told() -> Iterator[FakeAlertmanager]:
    with FakeAlertmanager() as told:
        yield told


@pytest.fixture
def hook() -> Iterator[FakeAlertmanager]:
    with FakeAlertmanager() as hook:
        yield hook


def at_once(folder: Path) -> str:
    """The shipped rules about services, but each second, and without waiting."""
    text = (Path(shipped.__file__).parent / "services.yml").read_text()
    (folder / "now.yml").write_text(
        text.replace("- name: otelier-services", "- name: now\n  interval: 1s").replace("for: 5m", "for: 0s")
    )
    return "rule_files: [now.yml]\n"


def test_from_a_span_to_its_trace_by_way_of_an_alert(
    otelier, shared: Path, tmp_path: Path, told, hook, open_page, faults, picture
) -> None:
    backend = Backend(otelier, tmp_path, told, hook, at_once(tmp_path))
    counting = Pod(
        shared / "configs" / "layer2-spanmetrics.yaml", "127.0.9.1", tmp_path,
        "connectors.spanmetrics.metrics_flush_interval=1s",
        REMOTE_WRITE_ENDPOINT=f"{backend.prometheus}/api/v1/write",
    )  # fmt: skip
    sampling = Pod(
        shared / "configs" / "layer2-tailsampling.yaml", "127.0.9.2", tmp_path,
        "processors.tail_sampling.decision_wait=1s", TRACE_STORE_ENDPOINT=backend.otlp,
    )  # fmt: skip
    try:
        counting.until_ready()
        sampling.until_ready()
        with Shop("http://127.0.9.1:4318", "http://127.0.9.2:4318"):
            walk(backend, told, hook, open_page, faults, picture, window="20s", within_s=60)
    finally:
        counting.end()
        sampling.end()
    assert backend.end() == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_layers_and_the_rules_as_they_are_shipped(
    otelier, shared: Path, tmp_path: Path, told, hook, open_page, faults, picture
) -> None:
    backend = Backend(otelier, tmp_path, told, hook, "global: {evaluation_interval: 15s}\n")
    deployment = Deployment(
        shared, tmp_path, remote_write=f"{backend.prometheus}/api/v1/write", trace_store=backend.otlp
    )
    try:
        with Shop(f"http://{BALANCER}:4318"):
            walk(backend, told, hook, open_page, faults, picture, window="1m", within_s=480)
        assert all(pod.running for pod in deployment.pods)
    finally:
        deployment.close()
    assert backend.end() == 0


def walk(
    backend: Backend,
    told: FakeAlertmanager,
    hook: FakeAlertmanager,
    open_page: Callable[..., Page],
    faults,
    picture,
    window: str,
    within_s: float,
) -> None:
    # RED by service and operation.
    rate = f'rate({CALLS}{{span_kind="SPAN_KIND_SERVER"}}[{window}])'
    [(labels, calls)] = until(lambda: backend.query(f"sum by (service_name, span_name) ({rate}) > 2"), within_s)
    assert labels == OF_SHOP
    assert calls < 20
    failed = rate.replace("{", '{status_code="STATUS_CODE_ERROR", ')
    ratio = f"sum by (service_name, span_name) ({failed}) / sum by (service_name, span_name) ({rate})"
    [(labels, share)] = until(lambda: backend.query(f"{ratio} > {0.5 / FAILS}"), within_s)
    assert labels == OF_SHOP
    assert share < 2 / FAILS
    quantile = f"histogram_quantile(0.95, sum by (service_name, span_name, le) (rate({BUCKETS}[{window}])))"
    [(labels, p95_ms)] = until(lambda: backend.query(f"{quantile} > 100"), within_s)
    assert labels == OF_SHOP
    assert 400 < p95_ms <= 800, "one visit in ten takes 700 ms"

    # A shipped rule, and those who are told.
    told.until(lambda each: any(alert["labels"]["alertname"] == ALERT for alert in each.alerts), within_s)
    hook.until(lambda each: any(post["commonLabels"].get("alertname") == ALERT for _, post in each.posts), within_s)
    [alert, *_] = [each for each in told.alerts if each["labels"]["alertname"] == ALERT]
    assert alert["labels"] == {"alertname": ALERT, "service_name": "shop", "severity": "critical"}
    assert "of the requests fail" in alert["annotations"]["summary"]
    assert alert["generatorURL"].startswith("http://otelier/graph?g0.expr=")
    [message, *_] = [post for _, post in hook.posts if post["commonLabels"]["alertname"] == ALERT]
    assert (message["status"], message["alerts"][0]["labels"]["service_name"]) == ("firing", "shop")

    # Its exemplars: failed requests, whose traces sampling keeps.
    [found, *_] = backend.ask("alerts/exemplars", **{"match[]": f'{{alertname="{ALERT}"}}'})["alerts"]
    assert found["labels"] == alert["labels"]
    assert found["exemplars"]
    for each in found["exemplars"]:
        assert each["seriesLabels"]["status_code"] == "STATUS_CODE_ERROR"
        until(lambda trace=each["labels"]["trace_id"]: backend.is_stored(trace), within_s)
    trace = found["exemplars"][0]["labels"]
    [span] = [each for each in backend.spans(trace["trace_id"]) if each["spanId"] == trace["span_id"]]
    assert (span["name"], span["status"]["code"]) == ("GET /cart", 2)

    # One whose trace was dropped, and what is kept in its place.
    gone = until(lambda: dropped(backend), within_s)
    address = f"{backend.ui}/api/otelier/v1/exemplars/{gone['labels']['trace_id']}?time={gone['timestamp']}"
    kept = until(lambda: get(address)["substitute"], within_s)
    [span] = [each for each in backend.spans(kept["traceId"]) if each["spanId"] == kept["spanId"]]
    assert (span["name"], span["kind"], span.get("status", {}).get("code", 0)) == ("GET /cart", 2, 0)

    faults.allow(f"asked {backend.ui}/")
    faults.allow("responded with a status of 404")
    page = open_page(f"{backend.prometheus}/alerts")
    page.get_by_role("link", name="open the trace").first.click()
    expect(page.get_by_role("region", name="Details of the span")).to_contain_text("http.status_code500")
    expect(page.get_by_role("note")).to_have_count(0)
    assert page.url.startswith(f"{backend.ui}/trace/")
    picture(page, "scenario-alert-trace")

    page = open_page(
        f"{backend.prometheus}/graph?g0.expr=service:duration_seconds:p95&g0.tab=0&g0.range_input=5m&g0.show_exemplars=1"
    )
    expect(page.locator("a.exemplar").first).to_be_visible()
    picture(page, "scenario-graph")
    span_id, time = gone["labels"]["span_id"], gone["timestamp"]
    page.goto(f"{backend.prometheus}/trace/{gone['labels']['trace_id']}?exemplar={time}&span={span_id}")
    expect(page.get_by_role("note")).to_contain_text("shop · GET /cart · server · unset")
    expect(page.get_by_role("row", name="query")).to_be_visible()
    picture(page, "scenario-substitute")


def dropped(backend: Backend) -> dict:
    """An exemplar of a request without fault whose trace is not stored, although a later one's is; or nothing."""
    query = f'{BUCKETS}{{status_code="STATUS_CODE_UNSET"}}'
    found = [each for series in backend.ask("query_exemplars", query=query) for each in series["exemplars"]]
    found.sort(key=lambda each: each["timestamp"])
    stored = [backend.is_stored(each["labels"]["trace_id"]) for each in found]
    if not any(stored):
        return {}
    last = len(stored) - 1 - stored[::-1].index(True)
    return next((each for each, there in zip(found[:last], stored, strict=False) if not there), {})
