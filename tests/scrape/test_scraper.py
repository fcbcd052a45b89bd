"""The whole of scraping over real sockets: what is found is asked, what goes becomes stale, reload keeps the rest."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from otelier.component import SystemClock
from otelier.config import decode, load
from otelier.scrape.config import PrometheusConfig
from otelier.scrape.scraper import Scraper
from otelier.scrape.status import scrape_pools, target_metadata, targets
from otelier.testing import component_context
from otelier.testing.scrape import FakeTarget, MemorySamples, is_stale


def config_of(text: str) -> PrometheusConfig:
    document = load(["yaml:" + text.replace("$", "$$")])
    return decode(PrometheusConfig, document.tree, (), document)


@pytest.fixture
def sink() -> MemorySamples:
    return MemorySamples()


@pytest.fixture
def scraper(sink: MemorySamples) -> Iterator[Scraper]:
    made = Scraper(component_context(clock=SystemClock()), sink)
    made.start()
    yield made
    made.stop()


def job(address: str, more: str = "") -> str:
    return (
        "{job_name: j, scrape_interval: 100ms, static_configs: [{targets: ['"
        + address
        + "'], labels: {zone: z}}]"
        + more
        + "}"
    )


def test_a_target_is_scraped_again_and_again(scraper: Scraper, sink: MemorySamples) -> None:
    with FakeTarget("# HELP a helps\n# TYPE a counter\na 1\n") as target:
        scraper.apply(config_of("{scrape_configs: [" + job(target.address) + "]}"))
        rows = sink.wait_for(lambda rows: len(rows) > 2, "a")
        assert rows[0][0] == {"__name__": "a", "job": "j", "instance": target.address, "zone": "z"}
        path, headers = target.requests[0]
        assert path == "/metrics"
        assert headers["x-prometheus-scrape-timeout-seconds"] == "0.1"
        shown = targets(scraper)["activeTargets"][0]
        assert (shown["health"], shown["lastError"], shown["scrapePool"]) == ("up", "", "j")
        assert (shown["scrapeInterval"], shown["discoveredLabels"]["__scheme__"]) == ("100ms", "http")
        assert scrape_pools(scraper) == {"scrapePools": ["j"]}
        told = {"target": shown["labels"], "metric": "a", "type": "counter", "help": "helps", "unit": ""}
        assert target_metadata(scraper, '{job=~"j|k"}', "", -1) == [told]
        assert target_metadata(scraper, '{job="k"}', "", -1) == []


def test_a_failing_target_is_down_and_its_series_stale(scraper: Scraper, sink: MemorySamples) -> None:
    with FakeTarget("a 1\n") as target:
        scraper.apply(config_of("{scrape_configs: [" + job(target.address) + "]}"))
        sink.wait_for(lambda rows: len(rows) > 1, "a")
        target.set("", status=503)
        rows = sink.wait_for(lambda rows: rows[-1][2] == 0, "up")
        assert rows[-1][2] == 0
        assert is_stale(sink.rows("a")[-1][2])
        shown = targets(scraper)["activeTargets"][0]
        assert (shown["health"], shown["lastError"]) == ("down", "server returned HTTP status 503 Service Unavailable")


def test_a_job_that_goes_leaves_stale_series(scraper: Scraper, sink: MemorySamples) -> None:
    with FakeTarget("a 1\n") as target:
        scraper.apply(config_of("{scrape_configs: [" + job(target.address) + "]}"))
        sink.wait_for(lambda rows: len(rows) > 1, "a")
        scraper.apply(PrometheusConfig())
        assert is_stale(sink.wait_for(lambda rows: is_stale(rows[-1][2]), "a")[-1][2])
        assert targets(scraper)["activeTargets"] == []


def test_dropped_targets_are_counted_and_shown(scraper: Scraper) -> None:
    more = ", relabel_configs: [{action: drop}]"
    scraper.apply(config_of("{scrape_configs: [" + job("nowhere:1", more) + "]}"))
    found = targets(scraper)
    assert found["droppedTargetCounts"] == {"j": 1}
    assert found["droppedTargets"][0]["discoveredLabels"]["__address__"] == "nowhere:1"
    assert targets(scraper, "active")["droppedTargets"] == []


def test_too_many_targets_fail_all(scraper: Scraper, sink: MemorySamples) -> None:
    with FakeTarget("a 1\n") as target:
        more = ", target_limit: 1, file_sd_configs: []"
        text = job(target.address, more).replace("targets: ['", "targets: ['other:1', '")
        scraper.apply(config_of("{scrape_configs: [" + text + "]}"))
        rows = sink.wait_for(lambda rows: len(rows) > 1, "up")
        assert {value for _, _, value in rows} == {0.0}
        assert "target_limit is 1" in targets(scraper)["activeTargets"][0]["lastError"]
        assert not target.requests


def test_redirects_and_passwords(scraper: Scraper, sink: MemorySamples) -> None:
    with FakeTarget("a 1\n") as target, FakeTarget() as first:
        first.set("", status=302, location=f"http://{target.address}/there")
        more = ", basic_auth: {username: u, password: p}, enable_compression: false"
        scraper.apply(config_of("{scrape_configs: [" + job(first.address, more) + "]}"))
        sink.wait_for(lambda rows: bool(rows), "a")
        assert first.requests[0][1]["authorization"] == "Basic dTpw"
        assert first.requests[0][1]["accept-encoding"] == "identity"
        path, headers = target.requests[0]
        assert path == "/there"
        assert "authorization" not in headers  # it is another host


def test_a_body_that_is_too_large(scraper: Scraper, sink: MemorySamples) -> None:
    with FakeTarget("a 1\n" * 1000) as target:
        scraper.apply(config_of("{scrape_configs: [" + job(target.address, ", body_size_limit: 1KB") + "]}"))
        sink.wait_for(lambda rows: bool(rows), "up")
        assert "more than 1024 bytes" in targets(scraper)["activeTargets"][0]["lastError"]


def test_targets_by_file_and_by_http(scraper: Scraper, sink: MemorySamples, tmp_path: Path) -> None:
    with FakeTarget("a 1\n") as target, FakeTarget(content_type="application/json") as lists:
        lists.set(
            json.dumps([{"targets": [target.address], "labels": {"by": "http"}}]), content_type="application/json"
        )
        file = tmp_path / "targets.yml"
        file.write_text(f"- targets: ['{target.address}']\n  labels: {{by: file, number: 7}}\n")
        scraper.apply(
            config_of(
                "{scrape_configs: [{job_name: j, scrape_interval: 100ms, "
                f"file_sd_configs: [{{files: ['{tmp_path}/*.yml']}}], http_sd_configs: [{{url: 'http://{lists.address}'}}]"
                "}]}"
            )
        )
        rows = sink.wait_for(lambda rows: {row[0]["by"] for row in rows} == {"file", "http"}, "a")
        assert {row[0]["by"] for row in rows} == {"file", "http"}
        shown = {each["labels"]["by"]: each["discoveredLabels"] for each in targets(scraper)["activeTargets"]}
        assert shown["file"]["__meta_filepath"] == str(file)
        assert shown["file"]["number"] == "7"
        assert shown["http"]["__meta_url"] == f"http://{lists.address}"
