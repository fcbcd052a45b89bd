"""Files of targets: read when they change and now and then, and told of once when they can't be."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from otelier.component import PrometheusDuration
from otelier.scrape.config import FileSd
from otelier.scrape.discovery import FileDiscovery
from otelier.scrape.target import TargetGroup
from otelier.testing import FakeClock, component_context

LOOK_S = 5


def test_a_file_that_can_not_be_read_is_told_of_once_and_leaves_what_it_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Sequence[TargetGroup]] = []
    clock = FakeClock()
    file = tmp_path / "targets.json"
    file.write_text('[{"targets": ["a:1"]}]')
    config = FileSd(files=(str(tmp_path / "*.json"),), refresh_interval=PrometheusDuration(300))
    discovery = FileDiscovery(config, component_context(clock=clock), told.append)
    discovery.start()
    with caplog.at_level(logging.WARNING):
        clock.advance(0)
        file.write_text("[{")
        for _ in range(50):
            clock.advance(LOOK_S)
    assert [[target["__address__"] for group in groups for target in group.targets] for groups in told] == [["a:1"]]
    assert len(caplog.records) == 1
    with caplog.at_level(logging.WARNING):
        clock.advance(60)  # all files are read again after refresh_interval
        clock.advance(LOOK_S)
    assert len(caplog.records) == 2
    file.write_text('[{"targets": ["b:1"]}, {"targets": ["c:1"]}]')
    clock.advance(LOOK_S)
    assert [target["__address__"] for group in told[-1] for target in group.targets] == ["b:1", "c:1"]
    discovery.stop()
