"""An exemplar's trace, or a kept one in its place, asked over HTTP."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from otelier._core import Samples
from otelier.api.application import Application
from otelier.api.options import decode
from otelier.api.prometheus.options import PrometheusOptions
from otelier.component import Meter, SystemClock
from otelier.extensions.otelier_query import OtelierQueryConfig, PrometheusSettings
from otelier.server.http import HttpServerSettings
from otelier.storage.metrics import MetricsEngine, close_metrics, open_metrics
from otelier.storage.settings import StoreSettings
from otelier.testing import span, span_id, trace_id, traces
from otelier.testing.remote_write import message

from .conftest import Backend

NOW_MS = time.time_ns() // 10**6 - 60_000
NOW_NS = NOW_MS * 10**6
GONE, KEPT = trace_id(1).hex(), trace_id(2).hex()


class Stores(Backend):
    """Traces and metrics."""

    def __init__(self, directory: Path) -> None:
        prometheus = PrometheusOptions(server=HttpServerSettings(endpoint="127.0.0.1:0"))
        super().__init__(directory, prometheus=prometheus)
        self.metrics: MetricsEngine = open_metrics(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())

    def measure(self, trace: str, span: str, value: float, time_ms: int = NOW_MS, tenant: str = "default") -> None:
        """An exemplar of `GET /` of the shop."""
        request = message("WriteRequest")
        series = request.timeseries.add()
        labels = {
            "__name__": "traces_span_metrics_duration_milliseconds_bucket", "le": "100", "service_name": "shop",
            "span_kind": "SPAN_KIND_SERVER", "span_name": "GET /", "status_code": "STATUS_CODE_UNSET",
        }  # fmt: skip
        for name, text in labels.items():
            series.labels.add(name=name, value=text)
        series.samples.add(timestamp=time_ms, value=1)
        exemplar = series.exemplars.add(timestamp=time_ms, value=value)
        exemplar.labels.add(name="span_id", value=span)
        exemplar.labels.add(name="trace_id", value=trace)
        self.metrics.append(tenant, Samples.of_remote_write(request.SerializeToString(), 1))

    def find(self, trace: str, /, tenant: str = "default", **parameters: object) -> dict:
        answer = self.ask(f"/api/otelier/v1/exemplars/{trace}?{urlencode(parameters)}", x_scope_orgid=tenant)
        assert answer.status == 200, answer.body
        return answer.json

    def close(self) -> None:
        super().close()
        close_metrics(self.metrics)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(tmp_path)
    yield stores
    stores.close()


def shop(trace: int, *, name: str = "GET /", ms: int = 50, after_s: int = 0, status: str = "UNSET"):
    start_ns = NOW_NS + after_s * 10**9
    return traces(span(name, trace=trace, number=trace, start_ns=start_ns, duration_ns=ms * 10**6, status=status))


def test_a_trace_that_is_kept_needs_no_substitute(stores: Stores) -> None:
    stores.store(shop(1))
    assert stores.find(GONE, time=NOW_MS / 1000) == {
        "traceId": GONE, "stored": True, "exemplar": None, "substitute": None,
    }  # fmt: skip


def test_one_that_is_not_has_the_nearest_of_the_same_attributes(stores: Stores) -> None:
    stores.measure(GONE, span_id(1).hex(), 44.5)
    stores.store(shop(2, ms=40, after_s=5))
    stores.store(shop(3, ms=45, after_s=9))
    stores.store(shop(4, ms=400))
    stores.store(shop(5, status="ERROR"))
    stores.store(shop(6, name="POST /"))
    assert stores.find(GONE, time=NOW_MS / 1000) == {
        "traceId": GONE,
        "stored": False,
        "exemplar": {
            "service": "shop", "timeUnixNano": str(NOW_NS), "name": "GET /", "kind": 2, "status": 0,
            "durationNanos": "44500000", "spanId": span_id(1).hex(),
        },
        "substitute": {
            "traceId": KEPT, "spanId": span_id(2).hex(), "startTimeUnixNano": str(NOW_NS + 5 * 10**9),
            "durationNanos": "40000000",
        },
    }  # fmt: skip


@pytest.mark.parametrize("when", [NOW_MS, NOW_MS / 1000, "", "${__data.fields.Time}"])
def test_the_time_is_in_seconds_or_milliseconds_and_may_be_missing(stores: Stores, when: object) -> None:
    stores.measure(GONE, span_id(1).hex(), 44.5)
    stores.store(shop(2))
    assert stores.find(GONE, time=when)["substitute"]["traceId"] == KEPT


def test_without_a_time_it_is_found_by_its_trace_however_old_it_is(stores: Stores) -> None:
    stores.measure(GONE, span_id(1).hex(), 44.5, NOW_MS - 5 * 3_600_000)
    stores.measure(KEPT, span_id(2).hex(), 44.5, NOW_MS - 5 * 3_600_000)
    stores.store(shop(2))
    found = stores.find(GONE)
    assert (found["exemplar"]["spanId"], found["substitute"]["traceId"]) == (span_id(1).hex(), KEPT)
    stores.measure(GONE.lstrip("0"), span_id(3).hex(), 44.5, NOW_MS - 3_600_000, tenant="b")
    assert stores.find(GONE, tenant="b")["exemplar"]["spanId"] == span_id(3).hex()


def test_who_keeps_metrics_elsewhere_says_what_was_measured(stores: Stores) -> None:
    stores.store(shop(2, status="ERROR"))
    stores.store(shop(3))
    said = {"service": "shop", "name": "GET /", "kind": "SPAN_KIND_SERVER", "status": "error", "duration": "44.5ms"}
    found = stores.find(GONE, time=NOW_MS, **said)
    assert found["substitute"]["traceId"] == KEPT
    assert found["exemplar"] == {
        "service": "shop", "timeUnixNano": str(NOW_NS), "name": "GET /", "kind": 2, "status": 2,
        "durationNanos": "44500000",
    }  # fmt: skip


def test_nothing_is_made_up(stores: Stores) -> None:
    nothing = {"traceId": GONE, "stored": False, "exemplar": None, "substitute": None}
    assert stores.find(GONE, time=NOW_MS) == nothing
    stores.measure(GONE, span_id(1).hex(), 44.5)
    stores.store(shop(2, name="another"))
    found = stores.find(GONE, time=NOW_MS)
    assert found["exemplar"]["service"] == "shop"
    assert found["substitute"] is None


def test_a_tenant_sees_its_own(stores: Stores) -> None:
    stores.measure(GONE, span_id(1).hex(), 44.5, tenant="a")
    stores.store(shop(2), "b")
    assert stores.find(GONE, tenant="a", time=NOW_MS)["substitute"] is None
    assert stores.find(GONE, tenant="b", time=NOW_MS)["exemplar"] is None


@pytest.mark.parametrize("query", ["time=x", "time=-1", "time=nan", "service=a&duration=5"])
def test_what_can_not_be_read_is_refused(backend: Backend, query: str) -> None:
    answer = backend.ask(f"/api/otelier/v1/exemplars/{GONE}?{query}")
    assert (answer.status, json.loads(answer.body)["error"]["httpCode"]) == (400, 400)
    assert backend.ask("/api/otelier/v1/exemplars/xyz").status == 400


def test_the_pages_beside_prometheus_lead_to_the_ui(stores: Stores) -> None:
    at = stores.application.prometheus_address
    assert at
    answer = stores.ask_at(at, f"/trace/{GONE}?exemplar=1.5&span=ab", host="here:9090")
    port = stores.application.address[1]
    assert (answer.status, answer.headers["location"]) == (302, f"http://here:{port}/trace/{GONE}?exemplar=1.5&span=ab")
    answer = stores.ask_at(at, f"/trace/{GONE}", host="[::1]:9090")
    assert answer.headers["location"] == f"http://[::1]:{port}/trace/{GONE}"
    assert stores.ask_at(at, "/search", host="here:9090").headers["location"] == f"http://here:{port}/search"


def test_the_port_of_the_ui_leads_to_the_pages_of_metrics(stores: Stores) -> None:
    at = stores.application.prometheus_address
    assert at
    answer = stores.ask("/graph?g0.expr=up", host="here")
    assert (answer.status, answer.headers["location"]) == (302, f"http://here:{at[1]}/graph?g0.expr=up")


@pytest.mark.proves("otelier_query.prometheus.ui_url")
def test_or_to_where_the_configuration_says_that_it_is(tmp_path: Path) -> None:
    settings = PrometheusSettings(endpoint="127.0.0.1:0", ui_url="https://otelier.example/ui/")
    config = OtelierQueryConfig(endpoint="127.0.0.1:0", data_dir=str(tmp_path), prometheus=settings)
    application = Application(decode(config.options(tmp_path)))
    application.start()
    try:
        assert application.prometheus_address
        answer = Backend.ask_at(application.prometheus_address, f"/trace/{GONE}?exemplar=")
        assert answer.headers["location"] == f"https://otelier.example/ui/trace/{GONE}?exemplar="
    finally:
        application.stop(5)
