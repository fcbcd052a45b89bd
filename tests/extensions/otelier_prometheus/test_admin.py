"""What the store can't do at once is accepted, and said to be so."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from otelier._core import Disk
from otelier.component import Meter
from otelier.extensions.otelier_prometheus.admin import Admin
from otelier.server.request import HttpError, Request
from otelier.storage.metrics import MetricsEngine, close_metrics, open_metrics
from otelier.storage.settings import StoreSettings
from otelier.testing import FakeClock

from ...storage.metrics.series import readable, samples


class Raw:
    """A deletion, as it comes."""

    def __init__(self) -> None:
        self.query = "match[]=a"
        self.headers: dict[str, str] = {}


ASKED = Request(cast("Any", Raw()), {})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(tmp_path: Path, clock: FakeClock) -> Iterator[MetricsEngine]:
    engine = open_metrics(StoreSettings(data_dir=str(tmp_path)), clock, Meter())
    now_ms = clock.time_ns() // 10**6
    engine.append("default", samples(("a", now_ms, 1.0), ("b", now_ms, 2.0)))
    yield engine
    close_metrics(engine)


def left(root: Path) -> set[str]:
    return {name for name, _ in readable(Disk.real(str(root / "metrics")))}


def test_a_deletion_that_takes_long_is_noted_and_carried_out_later(
    tmp_path: Path, engine: MetricsEngine, clock: FakeClock
) -> None:
    admin = Admin(engine, tmp_path, clock, patience_s=0.01)
    for handler in (admin.delete, admin.clean):
        answer = handler(ASKED)
        said = json.loads(answer.body)
        assert (answer.status, said["status"]) == (202, "success")
        assert "goes on in the background" in said["warnings"][0]
    assert left(tmp_path) == {"a", "b"}
    clock.advance(0)
    assert left(tmp_path) == {"b"}
    assert (admin.clean(ASKED).status, admin.delete(ASKED).status) == (204, 202)


def test_a_deletion_that_can_not_be_noted_is_none(tmp_path: Path, engine: MetricsEngine, clock: FakeClock) -> None:
    (tmp_path / "metrics" / "deletions").mkdir()
    with pytest.raises(HttpError) as refused:
        Admin(engine, tmp_path, clock).delete(ASKED)
    assert refused.value.status == 500
    assert engine.pending_deletions == 0
