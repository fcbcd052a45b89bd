"""The scenario: a shop's SDK → collectors that sample, and count before they do → Otelier, all in one → who is told."""

import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

from otelier.cli.all_in_one import configuration
from otelier.testing import FakeAlertmanager

MS = 10**6
FAILS, SLOW = 5, 10
"""One visit in so many."""


class Shop:
    """Visits of a shop, ten a second, by the SDK; use it as a context."""

    def __init__(self, *endpoints: str) -> None:
        """`endpoints`: of OTLP/HTTP; each gets everything."""
        self._provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
        for each in endpoints:
            exporter = OTLPSpanExporter(f"{each}/v1/traces")
            self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200))
        self._tracer = self._provider.get_tracer("shop")
        self._closed = threading.Event()
        self._visits = threading.Thread(target=self._open, daemon=True)

    def __enter__(self) -> "Shop":
        self._visits.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._visits.join()
        self._provider.shutdown()

    def _open(self) -> None:
        number = 0
        while not self._closed.wait(0.1):
            self._visit(number)
            number += 1

    def _visit(self, number: int) -> None:
        fails = number % FAILS == 0
        took_ns = 700 * MS if number % SLOW == 1 else (20 + number % 7) * MS
        end_ns = time.time_ns()
        attributes = {"http.method": "GET", "http.route": "/cart", "http.status_code": 500 if fails else 200}
        start_ns = end_ns - took_ns
        span = self._tracer.start_span(
            "GET /cart", kind=SpanKind.SERVER, start_time=start_ns, attributes=attributes
        )  # fmt: skip
        inside = self._tracer.start_span("query", set_span_in_context(span), start_time=start_ns + MS)
        inside.end(end_ns - MS)
        if fails:
            span.set_status(StatusCode.ERROR)
        span.end(end_ns)


class Backend:
    """All in one, at free ports."""

    def __init__(self, otelier, folder: Path, told: FakeAlertmanager, hook: FakeAlertmanager, config: str) -> None:
        """`config`: further lines of `prometheus.yml`."""
        scraped = folder / "prometheus.yml"
        manager = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{told.address}']}}]}}]}}"
        scraped.write_text(f"{manager}\n{config}")
        ports = dict.fromkeys(["UI", "Prometheus API", "OTLP/gRPC", "OTLP/HTTP"], 0)
        text = configuration(ports, folder / "data", prometheus_config=scraped)
        receiver = {"name": "hook", "webhook": {"url": f"{hook.url}/hook"}}
        rules = {"external_url": "http://otelier", "notify": {"group_wait": "1s", "receivers": [receiver]}}
        more = {
            "service": {"telemetry": {"logs": {"level": "info", "encoding": "json"}}},
            "extensions": {"otelier_query": {"prometheus": {"rules": rules}}},
        }
        self._running = otelier("run", f"--config=yaml:{text}", f"--config=yaml:{json.dumps(more)}").ready()
        self.ui = self._said(r"UI and queries at (\S+)")
        self.prometheus = self._said(r"Prometheus's API at (\S+)")
        self.otlp = f"http://{self._running.address('http')}"

    def _said(self, pattern: str) -> str:
        for line in self._running.lines:
            if found := re.search(pattern, line["msg"]):
                return found[1]
        return self._running.until(pattern)[1]

    def ask(self, path: str, **parameters: object) -> Any:
        """`data` of an answer of Prometheus's API."""
        return get(f"{self.prometheus}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")["data"]

    def query(self, text: str) -> list[tuple[dict[str, str], float]]:
        """Of an instant query."""
        return [(each["metric"], float(each["value"][1])) for each in self.ask("query", query=text)["result"]]

    def is_stored(self, trace_id: str) -> bool:
        try:
            get(f"{self.ui}/api/traces/{trace_id}")
        except urllib.error.HTTPError as error:
            assert error.code == 404
            return False
        return True

    def spans(self, trace_id: str) -> list[dict[str, Any]]:
        """As OTLP has them."""
        found = get(f"{self.ui}/api/v3/traces/{trace_id}")["result"]["resourceSpans"]
        return [span for group in found for scope in group["scopeSpans"] for span in scope["spans"]]

    def end(self) -> int:
        return self._running.end()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def until(what: Callable[[], Any], within_s: float = 60) -> Any:
    """The first answer that is true."""
    give_up = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < give_up
        time.sleep(0.3)
    return found
