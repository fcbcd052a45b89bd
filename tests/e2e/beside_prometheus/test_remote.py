"""Prometheus reads from us what we hold, as streamed chunks, and writes to us what it scrapes."""

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from otelier._core import snappy

from ...peers.conftest import free_port
from ..test_metrics import HEADERS, configuration, remote_write_request
from .queries import Grammar
from .test_history import NATIVE_QUERIES, _natives, _post
from .test_promql import Both, _asked, _demo, _times
from .theirs import PROMETHEUS, prometheus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROMETHEUS.exists(), reason="Prometheus is not built: make conformance-promql builds it"),
]
SEED = 11
QUERIES = 50
RECEIVER = """yaml:
receivers:
  prometheusremotewrite: {{endpoint: "127.0.0.1:{port}"}}
exporters:
  otelier: {{data_dir: "{directory}"}}
extensions:
  otelier_query: {{endpoint: "127.0.0.1:0", prometheus: {{endpoint: "127.0.0.1:0"}}}}
service:
  extensions: [otelier_query]
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    metrics: {{receivers: [prometheusremotewrite], exporters: [otelier]}}
"""


def test_a_prometheus_that_reads_from_us_answers_as_we_do(otelier, tmp_path: Path) -> None:
    ours = otelier("run", "--config", configuration(tmp_path / "data")).ready()
    mine = ours.until(r"Prometheus's API at (\S+)")[1]
    end_s = int(time.time()) - 60
    body = snappy(remote_write_request(_demo(random.Random(SEED), _times(end_s)), 1))
    _post(f"{mine}/api/v1/write", body, HEADERS[1])
    _post(f"{mine}/api/v1/write", snappy(_natives(_times(end_s))), HEADERS[1])
    config = json.dumps({"remote_read": [{"url": f"{mine}/api/v1/read", "read_recent": True}]})
    with prometheus(tmp_path / "theirs", config) as theirs:
        both, grammar = Both(theirs, mine, end_s), Grammar(SEED)
        asked = [*(grammar.query() for _ in range(QUERIES)), *NATIVE_QUERIES]
        found = [difference for query in asked if (difference := both.difference(query))]
        assert not found, "\n".join([f"{len(found)} of {len(asked)}:", *found[:10]])
        assert _values(theirs, "count(demo_up)") == [4]


@pytest.mark.parametrize("message", ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"])
def test_what_a_prometheus_writes_comes_through_a_pipeline(otelier, tmp_path: Path, message: str) -> None:
    port = free_port()
    ours = otelier("run", "--config", RECEIVER.format(port=port, directory=tmp_path / "data")).ready()
    mine = ours.until(r"Prometheus's API at (\S+)")[1]
    write = {
        "url": f"http://127.0.0.1:{port}/api/v1/write",
        "protobuf_message": message,
        "send_native_histograms": True,
    }
    own = free_port()
    scrape = {"job_name": "self", "scrape_interval": "1s", "scrape_native_histograms": True}
    config = {
        "global": {"scrape_timeout": "1s"},
        "remote_write": [write | {"metadata_config": {"send_interval": "1s"}}],
        "scrape_configs": [scrape | {"static_configs": [{"targets": [f"127.0.0.1:{own}"]}]}],
    }
    flags = ["--enable-feature=metadata-wal-records", f"--web.listen-address=127.0.0.1:{own}"]
    with prometheus(tmp_path / "theirs", json.dumps(config), *flags) as theirs:
        names = {"up", "prometheus_tsdb_head_samples_appended_total", "prometheus_http_request_duration_seconds"}
        at = time.monotonic() + 60
        while time.monotonic() < at:
            time.sleep(1)
            moment = time.time() - 5
            there = [_series(url, "up", moment) for url in (theirs, mine)]
            if there[1] and there[0] == there[1]:
                break
        else:
            raise AssertionError(there)
        for name in names:
            assert _series(mine, name, moment) == _series(theirs, name, moment), name


def _values(url: str, query: str) -> list[float]:
    return [float(each["value"][1]) for each in _asked(url, "query", query, {})["data"]["result"]]


def _series(url: str, name: str, moment: float) -> dict[str, Any]:
    """Values by labels, the scope's aside."""
    found = {}
    for each in _asked(url, "query", name, {"time": moment})["data"]["result"]:
        labels = {key: value for key, value in each["metric"].items() if not key.startswith("otel_scope")}
        native = each.get("histogram", [0, {}])[1]
        found[json.dumps(labels, sort_keys=True)] = each.get("value", [0, native.get("count")])[1]
    return found
