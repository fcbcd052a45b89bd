"""Rules from outside: samples come in, a rule writes a series, an alert is told of and shown, a silence is kept."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from otelier.rules.notify.told import moment
from otelier.rules.write import write_request
from otelier.testing import FakeAlertmanager

RULES = """groups:
- name: g
  interval: 1s
  rules:
  - {record: "job:x:sum", expr: "sum by (job) (x)"}
  - {alert: High, expr: "job:x:sum > 5", annotations: {summary: "{{ $labels.job }} is {{ $value }}"}}
"""
CONFIG = """yaml:
receivers:
  otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:0"}}}}}}
exporters:
  otelier: {{data_dir: "{data}"}}
extensions:
  otelier_prometheus: {{config_file: "{folder}/prometheus.yml"}}
  otelier_query: {{endpoint: "127.0.0.1:0", prometheus: {{endpoint: "127.0.0.1:0", rules: {rules}}}}}
service:
  extensions: [otelier_prometheus, otelier_query]
  telemetry: {{logs: {{encoding: json}}, metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [otelier]}}
    metrics: {{receivers: [otlp], exporters: [otelier]}}
    logs: {{receivers: [otlp], exporters: [otelier]}}
"""


class Served:
    def __init__(self, otelier, folder: Path, alerting: str, rules: dict[str, object], text: str = RULES) -> None:
        (folder / "r.yml").write_text(text)
        (folder / "prometheus.yml").write_text(f"rule_files: [r.yml]\n{alerting}")
        config = CONFIG.format(data=folder / "data", folder=folder, rules=json.dumps(rules))
        self.running = otelier("run", "--config", config).ready()
        self.url = self.running.until(r"Prometheus's API at (\S+)")[1]

    def ask(self, path: str, body: bytes | None = None, method: str | None = None, kind: str = "application/json"):
        request = urllib.request.Request(self.url + path, body, {"content-type": kind}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            data = answer.read()
        return json.loads(data) if data else None

    def write(self, value: float) -> None:
        labels = (("__name__", "x"), ("job", "a"))
        sample = (labels, time.time_ns() // 1_000_000, value)
        self.ask("/api/v1/write", write_request([sample]), kind="application/x-protobuf")

    def value(self, query: str) -> list[str]:
        found = self.ask(f"/api/v1/query?{urllib.parse.urlencode({'query': query})}")["data"]["result"]
        return [each["value"][1] for each in found]


def test_an_alert_goes_from_samples_to_an_alertmanager(otelier, tmp_path: Path) -> None:
    with FakeAlertmanager() as told:
        alerting = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{told.address}']}}]}}]}}"
        served = Served(otelier, tmp_path, alerting, {"external_url": "http://here"})
        served.write(7)
        told.until(lambda f: f.alerts)
        assert told.alerts[0]["labels"] == {"alertname": "High", "job": "a"}
        assert told.alerts[0]["annotations"] == {"summary": "a is 7"}
        assert told.alerts[0]["generatorURL"] == "http://here/graph?g0.expr=job%3Ax%3Asum+%3E+5&g0.tab=1"
        assert served.value("job:x:sum") == ["7"]
        [alert] = served.ask("/api/v1/alerts")["data"]["alerts"]
        assert (alert["state"], alert["value"]) == ("firing", "7e+00")
        names = [group["name"] for group in served.ask("/api/v1/rules")["data"]["groups"]]
        assert {"g", "otelier-services", "otelier-collectors", "otelier-store", "otelier-rules"} == set(names)
        found = served.ask("/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
        assert found == [{"url": f"{told.url}/api/v2/alerts"}]

        # Other rules after a reload; those that are wrong are refused and change nothing.
        (tmp_path / "r.yml").write_text(RULES.replace("> 5", ">"))
        try:
            served.ask("/-/reload", b"")
            raise AssertionError("taken")
        except urllib.error.HTTPError as error:
            assert b"r.yml:6" in error.read()
        (tmp_path / "r.yml").write_text(RULES.replace("alert: High", "alert: Higher"))
        served.ask("/-/reload", b"")
        told.until(lambda f: any(each["labels"]["alertname"] == "Higher" for each in f.alerts))
        assert served.running.end() == 0


def test_without_an_alertmanager_a_webhook_is_told_and_a_silence_is_kept(otelier, tmp_path: Path) -> None:
    with FakeAlertmanager() as hook:
        receivers = [{"name": "hook", "webhook": {"url": f"{hook.url}/hook"}}]
        rules = {"shipped": False, "notify": {"group_wait": "1s", "receivers": receivers}}
        served = Served(otelier, tmp_path, "", rules)
        silence = {
            "matchers": [{"name": "alertname", "value": "Other"}],
            "startsAt": moment(time.time_ns() // 1_000_000),
            "endsAt": moment(time.time_ns() // 1_000_000 + 3_600_000),
        }
        made = served.ask("/api/v2/silences", json.dumps(silence).encode())["silenceID"]
        served.write(9)
        hook.until(lambda f: f.posts)
        [(path, message), *_] = hook.posts
        assert (path, message["status"], message["version"]) == ("/hook", "firing", "4")
        assert message["commonAnnotations"] == {"summary": "a is 9"}
        assert served.running.end() == 0

        again = Served(otelier, tmp_path, "", rules)
        [kept] = again.ask("/api/v2/silences")
        assert (kept["id"], kept["status"]["state"]) == (made, "active")
        again.ask(f"/api/v2/silence/{made}", method="DELETE")
        assert again.ask(f"/api/v2/silence/{made}")["status"]["state"] == "expired"
        assert again.running.end() == 0


ASKING_OTHERS = """groups:
- name: traces
  interval: 1s
  source: traceql
  window: 5m
  rules:
  - {alert: Failing, expr: "{ status = error } | rate() by (resource.service.name) > 0"}
  - {record: spans, expr: "{} | count_over_time() by (resource.service.name)"}
- name: logs
  interval: 1s
  source: logql
  rules:
  - {alert: Panic, expr: 'sum by (service_name) (count_over_time({service_name=~".+"} |= "panic" [5m])) > 0'}
"""


def test_rules_ask_traces_and_logs(otelier, tmp_path: Path) -> None:
    with FakeAlertmanager() as told:
        alerting = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{told.address}']}}]}}]}}"
        served = Served(otelier, tmp_path, alerting, {"shipped": False}, ASKING_OTHERS)
        now = time.time_ns()
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
        span = {
            "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "name": "x", "kind": 2,
            "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 1000), "status": {"code": 2},
        }  # fmt: skip
        record = {"timeUnixNano": str(now), "body": {"stringValue": "panic: all"}}
        for path, given in (
            ("traces", {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}),
            ("logs", {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}),
        ):
            url = f"http://{served.running.address('http')}/v1/{path}"
            request = urllib.request.Request(url, json.dumps(given).encode(), {"content-type": "application/json"})
            urllib.request.urlopen(request, timeout=30).close()
        told.until(lambda f: len({each["labels"]["alertname"] for each in f.alerts}) == 2)
        found = {each["labels"]["alertname"]: each["labels"] for each in told.alerts}
        assert found["Failing"] == {"alertname": "Failing", "resource_service_name": "shop"}
        assert found["Panic"] == {"alertname": "Panic", "service_name": "shop"}
        assert served.running.end() == 0
