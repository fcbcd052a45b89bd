"""Otelier's log is written where, how and how often the settings say."""

import json
import logging

import msgspec
import pytest

from otelier.component import ComponentID, Config, Duration, Exporter, Kind, Registration
from otelier.component.errors import Location
from otelier.pipeline import logs
from otelier.pipeline.graph import component_log
from otelier.pipeline.logs import set_up_logs
from otelier.pipeline.plan import Declared
from otelier.pipeline.settings import LogSampling, LogSettings


@pytest.fixture
def written(tmp_path):
    """Set up with settings; gives a function that reads the lines."""
    root = logging.getLogger("otelier")
    before = root.handlers[:], root.level, root.propagate

    def set_up(**settings):
        path = tmp_path / "log"
        set_up_logs(LogSettings(output_paths=(str(path),), **settings))
        return lambda: path.read_text().splitlines()

    yield set_up
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level, root.propagate = before


def exporter_log():
    registration = Registration(
        Kind.EXPORTER, "out", Exporter, Config, "beta", frozenset({"traces"}), frozenset(), (), False, ""
    )
    declared = Declared(registration, ComponentID("out", "2"), Config(), Location("x"))
    return component_log(declared, "traces")


@pytest.mark.proves("service.telemetry.logs.{encoding,initial_fields}")
def test_a_json_line_has_the_collectors_keys_and_names_the_component(written):
    lines = written(encoding="json", initial_fields={"cluster": "a"})
    exporter_log().warning("queue is %d %% full", 90)
    (line,) = map(json.loads, lines())
    assert line.pop("ts").endswith("Z")
    assert line == {
        "level": "warn",
        "caller": line["caller"],
        "msg": "queue is 90 % full",
        "cluster": "a",
        "otelcol.component.id": "out/2",
        "otelcol.component.kind": "exporter",
        "otelcol.signal": "traces",
    }


def test_a_console_line_is_for_people(written):
    lines = written()
    exporter_log().error("backend says %s", "no")
    (line,) = lines()
    assert line.split("  ")[1:] == ["error", "exporter out/2 (traces): backend says no"]


@pytest.mark.proves("service.telemetry.logs.level")
@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("INFO", 3), ("warn", 2), ("error", 1)])
def test_lines_below_the_level_are_left_out(written, level, count):
    lines = written(level=level)
    log = logging.getLogger("otelier.x")
    for say in (log.debug, log.info, log.warning, log.error):
        say("line")
    assert len(lines()) == count


@pytest.mark.proves("service.telemetry.logs.sampling.{tick,initial,thereafter}")
def test_of_equal_lines_ten_are_written_then_every_hundredth_until_the_tick_is_over(written, monkeypatch):
    now = 100.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    lines = written()
    log = logging.getLogger("otelier.x")
    for number in range(320):
        log.info("request %d failed", number)
    log.info("another line")
    assert [line.rpartition("  ")[2] for line in lines()] == [
        *(f"request {number} failed" for number in (*range(10), 109, 209, 309)),
        "another line",
    ]
    now += 10
    log.info("request %d failed", 0)
    assert len(lines()) == 15


def test_lines_are_not_equal_because_their_text_is_all_argument(written):
    lines = written()
    for number in range(50):
        logging.getLogger("otelier.x").info("%s", f"line {number}")
    assert len(lines()) == 50


@pytest.mark.proves("service.telemetry.logs.sampling.enabled")
def test_without_sampling_every_line_is_written(written):
    lines = written(sampling=LogSampling(enabled=False))
    for _ in range(50):
        logging.getLogger("otelier.x").info("again")
    assert len(lines()) == 50


@pytest.mark.proves("service.telemetry.logs.output_paths")
def test_a_second_set_up_replaces_the_first(written, tmp_path):
    lines = written()
    set_up_logs(msgspec.structs.replace(LogSettings(), output_paths=(str(tmp_path / "other"),)))
    logging.getLogger("otelier.x").info("late")
    assert lines() == []
    assert len((tmp_path / "other").read_text().splitlines()) == 1


@pytest.mark.proves("service.telemetry.logs.disable_stacktrace")
@pytest.mark.parametrize(("settings", "has_stack"), [({}, True), ({"disable_stacktrace": True}, False)])
def test_errors_carry_their_stack_unless_switched_off(written, settings, has_stack):
    lines = written(sampling=LogSampling(tick=Duration(1)), **settings)
    try:
        raise ValueError("deep")
    except ValueError:
        logging.getLogger("otelier.x").exception("failed")
    assert ("Traceback" in "\n".join(lines())) is has_stack


@pytest.mark.proves("service.telemetry.logs.development")
@pytest.mark.parametrize(("development", "has_stack"), [(True, True), (False, False)])
def test_in_development_warnings_carry_their_stack_too(written, development, has_stack):
    lines = written(development=development)
    try:
        raise ValueError("deep")
    except ValueError:
        logging.getLogger("otelier.x").warning("odd", exc_info=True)
    assert ("Traceback" in "\n".join(lines())) is has_stack


@pytest.mark.proves("service.telemetry.logs.disable_caller")
@pytest.mark.parametrize("disabled", [True, False])
def test_the_caller_is_left_out_if_told_so(written, disabled):
    lines = written(encoding="json", disable_caller=disabled)
    logging.getLogger("otelier.x").info("line")
    assert ("caller" in json.loads(lines()[0])) is not disabled


@pytest.mark.proves("service.telemetry.logs.{error_output_paths,processors}")
@pytest.mark.parametrize("settings", [{"error_output_paths": ("nowhere/log",)}, {"processors": ({"batch": {}},)}])
def test_keys_without_effect_change_nothing(written, settings):
    lines = written(**settings)
    logging.getLogger("otelier.x").info("line")
    assert len(lines()) == 1


@pytest.mark.proves("service.telemetry.logs.sampling.{initial,thereafter}")
@pytest.mark.parametrize(("initial", "thereafter", "count"), [(2, 0, 2), (0, 5, 2), (3, 2, 6)])
def test_how_many_of_equal_lines_are_written_can_be_chosen(written, initial, thereafter, count):
    lines = written(sampling=LogSampling(initial=initial, thereafter=thereafter))
    for _ in range(10):
        logging.getLogger("otelier.x").info("again")
    assert len(lines()) == count
