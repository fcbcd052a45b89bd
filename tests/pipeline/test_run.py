"""Signals: a graceful stop, a reload that never breaks what runs."""

import os
import signal
import threading

import pytest

from otelier.component import StartError
from otelier.pipeline.run import run

GOOD = """
receivers: {{in: {{fail: {fail}}}, traces_in: }}
exporters: {{out: }}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{output_paths: ["{log}"]}}}}
  pipelines: {{traces: {{receivers: [{receiver}], exporters: [out]}}}}
"""


class Runner:
    """Runs in the main thread; sends the next signal each time a service is ready, or when told."""

    def __init__(self, world, log):
        self.said = []
        self._world = world
        self._log = log
        self.plans = []
        self.loads = 0

    def text(self, receiver="in", fail=""):
        return GOOD.format(receiver=receiver, fail=fail, log=self._log)

    def load(self):
        self.loads += 1
        return self._world.plan(self.plans.pop(0))

    def run(self, *numbers):
        def send():
            for number in numbers:
                seen = self.loads
                os.kill(os.getpid(), number)
                if number == signal.SIGHUP:
                    self.until(lambda seen=seen: self.loads > seen)
                    self.until(lambda: "goes on" in self.log() or "stopped" in self.log())

        run(self.load, lambda _: threading.Thread(target=send).start(), self.said.append)

    def log(self):
        return self._log.read_text()

    def until(self, true):
        pause = threading.Event()
        for _ in range(1000):
            if true():
                return
            pause.wait(0.01)
        raise AssertionError("it did not happen")


@pytest.fixture
def runner(world, tmp_path):
    return Runner(world, tmp_path / "log")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_stops_everything_in_order_and_leaves_handlers_as_they_were(world, runner, number):
    before = signal.getsignal(number)
    runner.plans = [runner.text()]
    runner.run(number)
    assert world.events == ["start exporter out", "start receiver in", "stop receiver in", "stop exporter out"]
    assert signal.getsignal(number) == before


def test_a_reload_stops_the_old_and_starts_the_new(world, runner):
    runner.plans = [runner.text(), runner.text(receiver="traces_in")]
    runner.run(signal.SIGHUP, signal.SIGTERM)
    assert [event for event in world.events if "receiver" in event] == [
        "start receiver in",
        "stop receiver in",
        "start receiver traces_in",
        "stop receiver traces_in",
    ]
    assert runner.said == ["reloaded", "stopping"]


def test_a_reload_with_problems_keeps_what_runs_and_logs_each(world, runner):
    runner.plans = [runner.text(), runner.text(receiver="inn")]
    runner.run(signal.SIGHUP, signal.SIGTERM)
    assert [event for event in world.events if "receiver" in event] == ["start receiver in", "stop receiver in"]
    assert "receiver `inn` is not defined" in runner.log()
    assert "the old one goes on" in runner.log()
    assert runner.said == ["not reloaded: the old configuration goes on", "stopping"]


def test_a_reload_that_cannot_start_goes_back_to_what_ran(world, runner):
    runner.plans = [runner.text(receiver="traces_in"), runner.text(fail="start")]
    runner.run(signal.SIGHUP, signal.SIGTERM)
    assert world.events[-2:] == ["stop receiver traces_in", "stop exporter out"]
    assert "no luck" in runner.log()
    assert runner.said == ["not reloaded: the old configuration goes on", "stopping"]


def test_what_cannot_start_says_so_to_the_caller(runner):
    runner.plans = [runner.text(fail="start")]
    with pytest.raises(StartError, match="no luck"):
        runner.run()


def test_a_log_file_that_cannot_be_written_is_a_start_error(world, tmp_path):
    runner = Runner(world, tmp_path / "missing" / "log")
    runner.plans = [runner.text()]
    with pytest.raises(StartError, match="output_paths"):
        runner.run()


def test_a_thread_that_dies_is_logged(runner):
    runner.plans = [runner.text()]

    def die_then_stop(_service):
        def die():
            raise RuntimeError("unexpected")

        thread = threading.Thread(target=die, name="otelier:dying")
        thread.start()
        thread.join()
        os.kill(os.getpid(), signal.SIGTERM)

    run(runner.load, die_then_stop)
    assert "thread otelier:dying ended by RuntimeError('unexpected')" in runner.log()
