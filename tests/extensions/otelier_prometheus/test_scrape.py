"""Scrapes end in the store, and the routes of the scraping process answer as Prometheus's API does."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from otelier.component import StartError, SystemClock
from otelier.config import decode, load
from otelier.extensions.otelier_prometheus import OtelierPrometheus, OtelierPrometheusConfig
from otelier.storage.stores import contents
from otelier.testing import component_context
from otelier.testing.scrape import FakeTarget


@pytest.fixture
def target() -> Iterator[FakeTarget]:
    with FakeTarget("# HELP a helps\n# TYPE a counter\na 1\n") as made:
        yield made


class Running:
    """The extension over a configuration file."""

    def __init__(self, folder: Path, text: str) -> None:
        self.file = folder / "prometheus.yml"
        self.file.write_text(text)
        config = OtelierPrometheusConfig(data_dir=str(folder / "data"), config_file=str(self.file))
        self.extension = OtelierPrometheus(config, component_context("otelier_prometheus", clock=SystemClock()))
        self.extension.start()
        self.extension.notify_ready()

    def ask(self, path: str, method: str = "GET", token: str | None = None) -> tuple[int, Any]:
        host, port, right = self.extension.internal()
        connection = http.client.HTTPConnection(host, port, timeout=10)
        connection.request(method, path, headers={"x-otelier-token": right if token is None else token})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.status, json.loads(body) if is_json else body.decode()

    def until_up(self) -> dict[str, Any]:
        for _ in range(1000):
            found = self.ask("/api/v1/targets")[1]["data"]
            if found["activeTargets"] and found["activeTargets"][0]["health"] == "up":
                return found
        raise AssertionError(found)

    def stop(self) -> None:
        self.extension.notify_stopping()
        self.extension.stop(self.extension.ctx.clock.monotonic() + 10)


def text(target: FakeTarget, job: str = "j") -> str:
    return (
        f"scrape_configs: [{{job_name: {job}, scrape_interval: 100ms, "
        f"static_configs: [{{targets: ['{target.address}']}}]}}]"
    )


@pytest.fixture
def running(tmp_path: Path, target: FakeTarget) -> Iterator[Running]:
    made = Running(tmp_path, text(target))
    yield made
    made.stop()


def test_routes(running: Running) -> None:
    shown = running.until_up()
    assert shown["droppedTargets"] == []
    assert running.ask("/api/v1/scrape_pools") == (200, {"status": "success", "data": {"scrapePools": ["j"]}})
    status, answer = running.ask("/api/v1/targets/metadata?metric=a&match_target=%7Bjob%3D%22j%22%7D")
    (told,) = answer["data"]
    assert (status, told["type"], told["help"]) == (200, "counter", "helps")
    status, answer = running.ask("/api/v1/targets/metadata?match_target=nonsense%7B")
    assert (status, answer["error"][:32]) == (400, 'invalid parameter "match_target"')
    assert running.ask("/api/v1/targets/metadata?limit=x")[1]["error"] == "limit must be a number"
    nothing = {"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}
    assert running.ask("/api/v1/targets?state=odd")[1]["data"] == nothing
    assert "job_name: j" in running.ask("/api/v1/scrape_pools/config?scrapePool=j")[1]["data"]["yaml"]
    status, answer = running.ask("/api/v1/scrape_pools/config?scrapePool=no")
    assert (status, answer["error"]) == (400, 'error retrieving scrape config: scrape pool "no" not found')
    status, said = running.ask("/-/quit", "POST")
    assert (status, said[:29]) == (403, "Lifecycle API is not enabled:")
    assert "job_name: j" in running.ask("/api/v1/status/config")[1]["data"]["yaml"]
    assert running.ask("/api/v1/targets", token="wrong")[0] == 401
    assert running.ask("/nowhere")[0] == 404


def test_relabel_steps(tmp_path: Path, target: FakeTarget) -> None:
    rules = (
        "[{source_labels: [a, b], separator: '-', target_label: c}, {action: labeldrop, regex: a}, "
        "{source_labels: [b], regex: '2|4', action: keep}, {target_label: d, replacement: e}]"
    )
    made = Running(tmp_path, text(target).replace("static_configs", f"relabel_configs: {rules}, static_configs"))

    def asked(labels: str, pool: str = "j") -> tuple[int, Any]:
        return made.ask("/api/v1/targets/relabel_steps?" + urlencode({"scrapePool": pool, "labels": labels}))

    try:
        steps = asked('{"a": "1", "b": "2", "none": ""}')[1]["data"]["steps"]
        assert [each["keep"] for each in steps] == [True] * 4
        assert [each["output"] for each in steps] == [
            {"a": "1", "b": "2", "c": "1-2"},
            {"b": "2", "c": "1-2"},
            {"b": "2", "c": "1-2"},
            {"b": "2", "c": "1-2", "d": "e"},
        ]
        defaults = {"separator": ";", "regex": "(.*)", "replacement": "$1"}
        assert [each["rule"] for each in steps] == [
            {**defaults, "source_labels": ["a", "b"], "separator": "-", "target_label": "c", "action": "replace"},
            {**defaults, "regex": "a", "action": "labeldrop"},
            {**defaults, "source_labels": ["b"], "regex": "2|4", "action": "keep"},
            {**defaults, "target_label": "d", "replacement": "e", "action": "replace"},
        ]
        dropped = asked('{"b": "3"}')[1]["data"]["steps"]
        kept = [True, True, False, False]
        assert [each["keep"] for each in dropped] == kept
        assert [bool(each["output"]) for each in dropped] == kept
        assert asked("", "j") == (
            400,
            {"status": "error", "errorType": "bad_data", "error": "no labels parameter provided"},
        )
        assert asked("{}", "")[1]["error"] == "no scrapePool parameter provided"
        assert asked("{}", "no")[1]["error"] == 'error retrieving scrape config: scrape pool "no" not found'
        for wrong in ("[]", "{", '{"a": 1}'):
            status, said = asked(wrong)
            assert (status, said["error"][:21]) == (400, "error parsing labels:")
    finally:
        made.stop()


@pytest.mark.proves("otelier_prometheus.{config_file,data_dir}")
def test_samples_are_in_the_store(running: Running) -> None:
    running.until_up()
    engine = running.extension._engine
    assert engine is not None
    names = {name for name, _ in engine.active("default", 100)}
    assert {"a", "up", "scrape_series_added"} <= names


def test_reload(running: Running, target: FakeTarget) -> None:
    running.until_up()
    running.file.write_text(text(target, "other"))
    assert running.ask("/-/reload", "POST")[0] == 200
    assert running.ask("/api/v1/scrape_pools")[1]["data"]["scrapePools"] == ["other"]
    known = running.ask("/api/v1/status/runtimeinfo")[1]["data"]
    assert known["reloadConfigSuccess"]
    assert running.ask("/api/v1/notifications")[1]["data"] == []
    assert known["storageRetention"] == "1w"
    running.file.write_text("scrape_configs: [{}]")
    status, said = running.ask("/-/reload", "POST")
    assert status == 500
    assert "failed to reload config" in said
    assert "job_name" in said
    assert not running.ask("/api/v1/status/runtimeinfo")[1]["data"]["reloadConfigSuccess"]
    [told] = running.ask("/api/v1/notifications")[1]["data"]
    assert (told["text"], told["active"], told["date"][-1]) == ("Configuration reload has failed.", True, "Z")
    assert running.ask("/api/v1/scrape_pools")[1]["data"]["scrapePools"] == ["other"]
    running.file.write_text(text(target, "third"))
    assert running.ask("/-/reload", "POST")[0] == 200
    assert running.ask("/api/v1/notifications")[1]["data"] == []


def test_deletions(running: Running) -> None:
    running.until_up()
    assert running.ask("/api/v1/admin/tsdb/delete_series?match[]=a", "POST")[0] == 204
    assert running.ask("/api/v1/admin/tsdb/delete_series", "POST")[0] == 400
    status, said = running.ask("/api/v1/admin/tsdb/delete_series?match[]=%7B", "PUT")
    assert (status, said["error"][:27]) == (400, 'invalid parameter "match[]"')
    status, said = running.ask("/api/v1/admin/tsdb/delete_series?match[]=a&start=x", "PUT")
    assert said["error"] == 'invalid parameter "start": cannot parse "x" to a valid timestamp'
    for everything in ("", "%7B%7D", "%7Ba%3D~%22.*%22%7D", "a&match[]=%7B%7D"):
        status, said = running.ask(f"/api/v1/admin/tsdb/delete_series?match[]={everything}", "POST")
        assert (status, said["error"]) == (400, "match[] must contain at least one non-empty matcher")
    for no_moment in ("inf", "nan", "1_0", "2026-11-26", "2026-11-26T10:00:00"):
        status, said = running.ask(f"/api/v1/admin/tsdb/delete_series?match[]=a&start={no_moment}", "POST")
        assert (status, said["error"][-20:]) == (400, "to a valid timestamp"), no_moment
    assert running.ask("/api/v1/admin/tsdb/clean_tombstones", "POST")[0] == 204


@pytest.mark.parametrize("beyond", ["1e300", "1e400", "99999999999999999999999", "9999-12-31T23:59:59Z"])
def test_a_deletion_with_moments_beyond_all_time_is_done_and_not_tried_for_ever(running: Running, beyond: str) -> None:
    running.until_up()
    start = "0001-01-01T00:00:00Z" if "-" in beyond else f"-{beyond}"
    assert running.ask(f"/api/v1/admin/tsdb/delete_series?match[]=a&start={start}&end={beyond}", "POST")[0] == 204
    assert running.ask("/api/v1/admin/tsdb/clean_tombstones", "POST")[0] == 204


def test_snapshots(running: Running, tmp_path: Path) -> None:
    running.until_up()
    status, said = running.ask("/api/v1/admin/tsdb/snapshot", "POST")
    assert (status, said["status"]) == (200, "success")
    copy = tmp_path / "data" / "snapshots" / said["data"]["name"]
    assert sum(each.items for each in contents(copy).holdings) > 0
    assert running.ask("/api/v1/admin/tsdb/snapshot?skip_head=true", "PUT")[0] == 200
    status, said = running.ask("/api/v1/admin/tsdb/snapshot?skip_head=maybe", "POST")
    assert (status, said["errorType"]) == (400, "bad_data")


@pytest.mark.proves("otelier_prometheus.config")
def test_the_configuration_may_stand_in_the_service_s(tmp_path: Path, target: FakeTarget) -> None:
    document = load([f"yaml:{{it: {{data_dir: '{tmp_path}', config: {{{text(target)}}}}}}}"])
    config = decode(OtelierPrometheusConfig, document.tree["it"], ("it",), document)
    assert config.config
    assert [each.job_name for each in config.config.scrape_configs] == ["j"]


def test_a_wrong_file_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="job_name") as raised:
        Running(tmp_path, "scrape_configs: [{}]")
    assert raised.value.exit_code == 2
