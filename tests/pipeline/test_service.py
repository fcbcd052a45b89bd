"""A service starts all or nothing, in order, and stops in the opposite order against one deadline."""

import pytest

from otelier.component import StartError
from otelier.pipeline.service import Service, resource_attributes
from otelier.testing import FakeClock


def config(**fail: str) -> str:
    of = {kind: f"{{fail: {fail.get(kind, '')}}}" for kind in ("in", "keep", "out", "ext")}
    return f"""
receivers: {{in: {of["in"]}}}
processors: {{keep: {of["keep"]}}}
exporters: {{out: {of["out"]}}}
extensions: {{ext: {of["ext"]}}}
service:
  extensions: [ext]
  telemetry: {{metrics: {{level: none}}}}
  shutdown_timeout: 7s
  pipelines: {{traces: {{receivers: [in], processors: [keep], exporters: [out]}}}}
"""


STARTS = ["start extension ext", "start exporter out", "start processor keep", "start receiver in"]
STOPS = ["stop receiver in", "stop processor keep", "stop exporter out", "stop extension ext"]


def test_extensions_and_sinks_start_first_and_stop_last(world):
    service = Service(world.plan(config()), FakeClock())
    service.start()
    service.stop()
    assert world.events == [*STARTS, "ready", "stopping", *STOPS]


@pytest.mark.proves("service.shutdown_timeout")
def test_all_stops_share_one_deadline(world):
    clock = FakeClock()
    service = Service(world.plan(config()), clock)
    service.start()
    clock.advance(100)
    service.stop()
    assert {each.deadline for each in world.made} == {107}


def test_all_know_the_deadline_before_any_stops_even_if_one_cannot_be_told(world):
    service = Service(world.plan(config(keep="prepare_stop")), FakeClock())
    service.start()
    service.stop()
    assert [each.told for each in world.made] == [(7, [*STARTS, "ready", "stopping"])] * 4
    assert world.events[-4:] == STOPS


@pytest.mark.parametrize(("failing", "started"), [("out", 2), ("keep", 3), ("in", 4)])
def test_when_one_cannot_start_what_has_started_is_stopped(world, failing, started):
    service = Service(world.plan(config(**{failing: "start"})), FakeClock())
    with pytest.raises(StartError, match=rf"{failing}.*: no luck"):
        service.start()
    assert world.events == STARTS[:started] + STOPS[-started:]


def test_one_that_fails_to_stop_does_not_keep_the_others_from_stopping(world):
    service = Service(world.plan(config(keep="stop")), FakeClock())
    service.start()
    service.stop()
    assert world.events[-4:] == STOPS


@pytest.mark.proves("service.telemetry.resource")
def test_the_resource_is_ours_as_configured_and_null_removes():
    attributes = resource_attributes({"service.name": "gateway", "service.instance.id": None, "team": 7})
    assert attributes == {"service.name": "gateway", "service.version": attributes["service.version"], "team": "7"}
