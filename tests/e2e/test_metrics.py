"""Metrics from outside: written by remote write and OTLP, asked for in PromQL, before and after kill -9."""

import itertools
import json
import signal
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from otelier._core import snappy
from otelier.testing.remote_write import message
from otelier.testing.scrape import FakeTarget

GO = Path("~/.cache/otelier/bench/peers/otelcol").expanduser()


def configuration(directory: Path, scraping: str = "{}") -> str:
    """Metrics into a store that PromQL asks. `scraping`: settings of `otelier_prometheus`, as YAML in one line."""
    return f"""yaml:
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:0", include_metadata: true}}}}}}
exporters:
  otelier: {{data_dir: "{directory}"}}
extensions:
  otelier_query: {{endpoint: "127.0.0.1:0", prometheus: {{endpoint: "127.0.0.1:0"}}}}
  otelier_prometheus: {scraping}
service:
  extensions: [otelier_query, otelier_prometheus]
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [otlp], exporters: [otelier]}}
"""


def remote_write_request(series: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]], version: int) -> bytes:
    """Samples (ms, value) by label set, as remote write of that version."""
    if version == 1:
        request = message("WriteRequest")
        for labels, samples in series.items():
            one = request.timeseries.add()
            for name, value in labels:
                one.labels.add(name=name, value=value)
            for time_ms, value in samples:
                one.samples.add(timestamp=time_ms, value=value)
        return request.SerializeToString()
    words = [""]
    request = message("Request")
    for labels, samples in series.items():
        one = request.timeseries.add()
        for word in (word for pair in labels for word in pair):
            one.labels_refs.append(len(words))
            words.append(word)
        for time_ms, value in samples:
            one.samples.add(timestamp=time_ms, value=value)
    request.symbols.extend(words)
    return request.SerializeToString()


class Served:
    """A running Otelier and its Prometheus API."""

    def __init__(self, running) -> None:
        self.running = running.ready()
        self.url = running.until(r"Prometheus's API at (\S+)")[1]

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
        request = urllib.request.Request(self.url + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read().decode()

    def query(self, text: str, tenant: str = "") -> dict[str, float]:
        """Values by the label `number`, else by the metric's name."""
        request = urllib.request.Request(f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': text})}")
        if tenant:
            request.add_header("X-Scope-OrgID", tenant)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = json.load(answer)["data"]["result"]
        return {
            each["metric"].get("number", each["metric"].get("__name__", "")): float(each["value"][1]) for each in found
        }


class Writer:
    """Writes one series after the other until nobody answers; knows which were acknowledged."""

    def __init__(self, served: Served, first: int) -> None:
        self.acknowledged: list[int] = []
        self._served = served
        self._thread = threading.Thread(target=self._write, args=(first,))
        self._thread.start()

    def ended(self) -> list[int]:
        self._thread.join()
        return self.acknowledged

    def _write(self, first: int) -> None:
        for number in itertools.count(first):
            labels = (("__name__", "written"), ("number", str(number)))
            request = remote_write_request({labels: [(time.time_ns() // 10**6, float(number))]}, 1)
            try:
                status, *_ = self._served.post("/api/v1/write", snappy(request), HEADERS[1])
            except OSError:
                return
            if status == 204:
                self.acknowledged.append(number)


@pytest.fixture
def serve(otelier, tmp_path) -> Iterator[object]:
    def start(scraping: str = "{}") -> Served:
        return Served(otelier("run", "--config", configuration(tmp_path / "data", scraping)))

    return start


HEADERS = {
    1: {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"},
    2: {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"},
}


@pytest.mark.parametrize("version", [1, 2])
def test_all_that_remote_write_acknowledged_is_answered_before_and_after_a_kill(serve, version):
    served = serve()
    now = time.time_ns() // 10**6
    for number in range(20):
        series = {(("__name__", "written"), ("number", str(number))): [(now, float(number))]}
        body = snappy(remote_write_request(series, version))
        status, headers, text = served.post("/api/v1/write", body, HEADERS[version])
        assert (status, text) == (204, "")
        # Version 1.0 knows no such header.
        assert headers.get("x-prometheus-remote-write-samples-written") == (None if version == 1 else "1")
    wanted = {str(number): float(number) for number in range(20)}
    assert served.query("written") == wanted
    served.running.end(signal.SIGKILL)
    again = serve()
    assert again.query("written") == wanted
    assert again.query("sum(written)") == {"": 190.0}
    assert again.running.end() == 0
    assert serve().query("written") == wanted


def test_kills_under_remote_write_and_scrape_lose_nothing_acknowledged(serve, tmp_path):
    """What was written is acknowledged by 204, what was scraped by an answer that has it."""
    written, scrapes, count = set[int](), 0.0, "count_over_time(scraped[1h])"
    with FakeTarget("scraped 1\n") as target:
        job = f"{{job_name: j, scrape_interval: 50ms, static_configs: [{{targets: ['{target.address}']}}]}}"
        (tmp_path / "prometheus.yml").write_text(f"scrape_configs: [{job}]")
        for kill in range(3):
            served = serve(f"{{config_file: {tmp_path / 'prometheus.yml'}}}")
            writer = Writer(served, 1_000_000 * kill)
            before = scrapes
            while len(writer.acknowledged) < 50 or scrapes < before + 3:
                scrapes = max(scrapes, served.query(count).get("", 0.0))
            served.running.end(signal.SIGKILL)
            written.update(writer.ended())
    again = serve()
    found = again.query("last_over_time(written[1h])")
    assert {number for number in written if found.get(str(number)) != number} == set()
    assert again.query(count)[""] >= scrapes
    # A request that was under way may be there, too.
    assert len(found) <= len(written) + 3


def test_of_a_request_with_a_bad_part_the_rest_is_kept_and_the_answer_says_so(serve):
    served = serve()
    now = time.time_ns() // 10**6
    series = {
        (("__name__", "good"),): [(now, 1.0)],
        (("__name__", "ahead"),): [(now + 3_600_000, 1.0)],
    }
    status, headers, text = served.post("/api/v1/write", snappy(remote_write_request(series, 2)), HEADERS[2])
    assert status == 400
    assert "too_far_in_future" in text
    assert headers["x-prometheus-remote-write-samples-written"] == "1"
    assert served.query('{__name__=~"good|ahead"}') == {"good": 1.0}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (HEADERS[1] | {"Content-Type": "application/json"}, snappy(b"{}"), 415),
        (HEADERS[1] | {"Content-Type": "application/x-protobuf;proto=other.Message"}, snappy(b""), 415),
        (HEADERS[1], snappy(b"\xff\xff\xff"), 400),
        (HEADERS[1] | {"X-Scope-OrgID": "../up"}, snappy(b""), 400),
        (HEADERS[1], snappy(bytes(20 * 2**20 + 1)), 413),
    ],
)
def test_what_can_not_be_read_is_refused(serve, headers, body, status):
    assert serve().post("/api/v1/write", body, headers)[0] == status


def test_tenants_are_apart(serve):
    served = serve()
    now = time.time_ns() // 10**6
    body = snappy(remote_write_request({(("__name__", "mine"),): [(now, 7.0)]}, 1))
    assert served.post("/api/v1/write", body, HEADERS[1] | {"X-Scope-OrgID": "acme"})[0] == 204
    assert served.query("mine") == {}
    assert served.query("mine", "acme") == {"mine": 7.0}
