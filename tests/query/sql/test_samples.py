"""The view `metrics` has the samples of the store of metrics, before and after a flush."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier._core import Samples
from otelier.component import Meter, SystemClock
from otelier.query.gate import Gate
from otelier.query.metrics import Metrics
from otelier.query.promql.arrays import STALE
from otelier.query.sql.conditions import Condition
from otelier.query.sql.samples import matchers
from otelier.storage.metrics import MetricsEngine, close_metrics, open_metrics
from otelier.storage.settings import StoreSettings
from otelier.testing import gauge, metrics
from otelier.testing.remote_write import message

from .in_process import Answered, answered

NOW_MS = SystemClock().time_ns() // 10**6


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MetricsEngine]:
    engine = open_metrics(StoreSettings(data_dir=str(tmp_path)), SystemClock(), Meter())
    yield engine
    close_metrics(engine)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Metrics]:
    reader = Metrics(tmp_path, Gate(2, 10))
    yield reader
    reader.close()


def written(**series: Any) -> Samples:
    """Of one series: `at` its moments, `values` their numbers; a pair instead of a number is a native histogram's."""
    request = message("WriteRequest")
    one = request.timeseries.add()
    at, values = series.pop("at"), series.pop("values")
    for name in sorted(series):
        one.labels.add(name=name, value=str(series[name]))
    for moment, value in zip(at, values, strict=True):
        if isinstance(value, tuple):
            count, total = value
            native = one.histograms.add(timestamp=moment, sum=total, schema=0, zero_threshold=0.5)
            native.count_int, native.zero_count_int = count, 1
            native.positive_spans.add(offset=0, length=2)
            native.positive_deltas.extend([count - 2, 2 - count + 1])
        else:
            one.samples.add(timestamp=moment, value=value)
    return Samples.of_remote_write(request.SerializeToString(), 1)


def asked(reader: Metrics, text: str) -> Answered:
    return answered(None, reader, "default", text)


@pytest.fixture(params=[False, True], ids=["log", "segments"])
def filled(request: pytest.FixtureRequest, engine: MetricsEngine, reader: Metrics) -> Metrics:
    at = [NOW_MS - 2000, NOW_MS - 1000, NOW_MS]
    engine.append("default", written(__name__="up", job="a", zone="x", at=at, values=[1.0, 2.0, STALE]))
    engine.append("default", written(__name__="up", job="b", at=at[1:], values=[math.nan, -3.5]))
    engine.append("default", written(__name__="took", job="a", at=at[:1], values=[(5, 7.5)]))
    engine.append("other", written(__name__="up", job="theirs", at=at[:1], values=[9.0]))
    if request.param:
        engine.flush()
    return reader


def test_a_row_is_a_sample(filled: Metrics):
    text = "SELECT name, labels, epoch_ns(time) // 1000000 - {}, value, count, sum, buckets "
    text += "FROM metrics ORDER BY 1 DESC, 2, 3"
    found = asked(filled, text.format(NOW_MS)).rows
    assert found == [
        ["up", {"job": "a", "zone": "x"}, -2000, 1.0, None, None, None],
        ["up", {"job": "a", "zone": "x"}, -1000, 2.0, None, None, None],
        ["up", {"job": "b"}, -1000, None, None, None, None],
        ["up", {"job": "b"}, 0, -3.5, None, None, None],
        [
            "took", {"job": "a"}, -2000, None, 5.0, 7.5,
            [
                {"lower": -0.5, "upper": 0.5, "count": 1.0},
                {"lower": 0.5, "upper": 1.0, "count": 3.0},
                {"lower": 1.0, "upper": 2.0, "count": 1.0},
            ],
        ],
    ]  # fmt: skip


def test_labels_are_columns_where_they_are_named(filled: Metrics):
    text = """SELECT "label.job", "label.zone", "label.none", count(*) FROM metrics WHERE name = 'up' GROUP BY ALL"""
    assert sorted(asked(filled, text).rows) == [["a", "x", None, 2], ["b", None, None, 2]]
    assert asked(filled, "SELECT count(*) FROM metrics").rows == [[5]]


@pytest.mark.parametrize(
    ("where", "read"),
    [
        ("true", 5),
        ("name = 'up'", 4),
        ("name IN ('took', 'none')", 1),
        ("name LIKE 't%'", 1),
        ("starts_with(name, 'u')", 4),
        ("\"label.job\" = 'b'", 2),
        ("labels['job'] = 'b'", 2),
        ("name = 'up' AND (\"label.job\" = 'b' OR \"label.job\" = 'c')", 2),
        ("name = 'up' OR \"label.job\" = 'b'", 5),
        (f"time >= make_timestamp_ms({NOW_MS + 5000})", 0),
        (f"epoch_ns(time) > {(NOW_MS + 5000) * 10**6}", 0),
        ("time > now() + INTERVAL 1 HOUR", 0),
        ("time > current_timestamp - INTERVAL 1 HOUR", 5),
        ("time > current_date + INTERVAL 2 DAY", 0),
        ("time < now() + INTERVAL 1 HOUR", 5),
    ],
)
def test_no_more_is_read_than_the_conditions_leave(filled: Metrics, where: str, read: int):
    text = f"SELECT name, value FROM metrics WHERE {where} ORDER BY ALL"
    found = asked(filled, text)
    whole = answered(None, filled, "default", text, narrow=False)
    assert str(found.rows) == str(whole.rows)
    assert found.read("metrics") == read


def test_attributes_of_the_resource_are_columns(engine: MetricsEngine, reader: Metrics):
    now_ns = SystemClock().time_ns()
    sent = gauge("heap", 1.5, attributes={"pool": "old"})
    for point in sent.gauge.data_points:
        point.time_unix_nano = now_ns
    engine.append_otlp("default", metrics(sent, resource={"service.name": "shop", "k8s.pod.name": "shop-1"}))
    text = 'SELECT "label.pool", "resource.k8s.pod.name", labels, value FROM metrics '
    text += """WHERE "resource.k8s.pod.name" = 'shop-1'"""
    found = asked(reader, text.replace("labels", "map_contains(labels, 'k8s.pod.name')")).rows
    assert found == [["old", "shop-1", False, 1.5]]


def test_without_a_store_there_are_none(reader: Metrics):
    assert asked(reader, "SELECT * FROM metrics").rows == []
    assert asked(reader, 'SELECT count(*), max("label.job") FROM metrics').rows == [[0, None]]


def test_a_pattern_of_labels_keeps_all_its_characters() -> None:
    where: Condition = {"column": "label.job", "op": "like", "value": "a\0.b%_"}
    assert matchers(where) == [("job", "=~", "(?s)a\0\\.b.*.*")]
