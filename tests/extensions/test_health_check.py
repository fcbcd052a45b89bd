"""The health check: 200 exactly while pipelines run, in the Collector's form."""

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from otelier.component import Duration
from otelier.extensions.health_check import CheckCollectorPipeline, HealthCheck, HealthCheckConfig, ResponseBody
from otelier.testing import FakeClock, component_context

Start = Callable[..., HealthCheck]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def start(clock: FakeClock) -> Iterator[Start]:
    started: list[HealthCheck] = []

    def start(**config: Any) -> HealthCheck:
        cfg = HealthCheckConfig(endpoint="127.0.0.1:0", **config)
        started.append(HealthCheck(cfg, component_context("health_check", clock=clock)))
        started[-1].start()
        return started[-1]

    yield start
    for extension in started:
        extension.stop(0)


def ask(extension: HealthCheck, path: str = "/", method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(*extension.address, timeout=20)
    connection.request(method, path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_it_is_healthy_only_between_ready_and_stopping(start: Start, clock: FakeClock):
    health = start()
    never = {"status": "Server not available", "upSince": "0001-01-01T00:00:00Z", "uptime": ""}
    status, text = ask(health)
    assert (status, json.loads(text)) == (503, never)
    health.notify_ready()
    clock.advance(3723.5)
    status, text = ask(health)
    assert status == 200
    assert json.loads(text) == {
        "status": "Server available",
        "upSince": "2023-11-14T22:13:20.000000000Z",
        "uptime": "1h2m3.5s",
    }
    health.notify_stopping()
    status, text = ask(health)
    assert (status, json.loads(text)) == (503, never)


@pytest.mark.proves("health_check.response_body.{healthy,unhealthy}")
def test_texts_can_be_chosen(start: Start):
    health = start(response_body=ResponseBody(healthy="I'm good", unhealthy="I'm bad!"))
    assert ask(health) == (503, "I'm bad!")
    health.notify_ready()
    assert ask(health) == (200, "I'm good")


@pytest.mark.proves("health_check.path")
def test_the_default_path_answers_everywhere_and_another_only_there(start: Start):
    assert ask(start(), "/any/where")[0] == 503
    health = start(path="/health/status")
    assert ask(health, "/health/status?x=1")[0] == 503
    assert ask(health, "/")[0] == 404
    assert ask(health, "/health/status", "HEAD")[0] == 503


@pytest.mark.proves("health_check.check_collector_pipeline.{enabled,interval,exporter_failure_threshold}")
def test_checks_of_pipelines_change_nothing(start: Start, clock: FakeClock):
    checks = CheckCollectorPipeline(enabled=True, interval=Duration(1), exporter_failure_threshold=1)
    health = start(check_collector_pipeline=checks)
    health.notify_ready()
    clock.advance(60)
    assert ask(health)[0] == 200


def test_stop_without_start_is_allowed():
    HealthCheck(HealthCheckConfig(), component_context("health_check")).stop(0)


def test_the_defaults_are_the_collectors():
    cfg = HealthCheckConfig()
    assert (cfg.endpoint, cfg.path, cfg.response_body) == ("localhost:13133", "/", None)
    assert cfg.check_collector_pipeline == CheckCollectorPipeline(
        enabled=False, interval=Duration(300), exporter_failure_threshold=5
    )
    assert not list(cfg.problems())
