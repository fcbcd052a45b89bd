"""What the reader of metrics says of a store that another one writes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import otelier
from otelier._core import Samples
from otelier.component import Meter, SystemClock
from otelier.query.errors import BadQuery
from otelier.query.gate import Gate
from otelier.query.metrics import Metrics
from otelier.query.promql.ast import Matcher
from otelier.query.promql.errors import TooManySamples
from otelier.query.promql.named import named_labels
from otelier.storage.metrics import MetricsEngine, close_metrics, open_metrics
from otelier.storage.settings import MetricsSettings, StoreSettings
from otelier.testing import gauge, metrics
from otelier.testing.remote_write import message

NOW_MS = SystemClock().time_ns() // 10**6
EVER = (0, 2**50)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MetricsEngine]:
    engine = open_metrics(
        StoreSettings(data_dir=str(tmp_path), metrics=MetricsSettings(max_series_per_metric=3)), SystemClock(), Meter()
    )
    yield engine
    close_metrics(engine)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Metrics]:
    reader = Metrics(tmp_path, Gate(2, 10), max_samples=1000)
    yield reader
    reader.close()


def written(*series: dict[str, object]) -> Samples:
    """One sample of each, now; `value` besides labels, `exemplar` with its trace id, `help` of its metric."""
    request = message("WriteRequest")
    for each in series:
        one = request.timeseries.add()
        for name in sorted(each.keys() - {"value", "exemplar", "help", "time_ms"}):
            one.labels.add(name=name, value=str(each[name]))
        moment = int(each.get("time_ms", NOW_MS))
        one.samples.add(timestamp=moment, value=float(each.get("value", 1)))
        if "exemplar" in each:
            exemplar = one.exemplars.add(timestamp=moment, value=7.0)
            exemplar.labels.add(name="trace_id", value=str(each["exemplar"]))
        if "help" in each:
            request.metadata.add(type=1, metric_family_name=str(each["__name__"]), help=str(each["help"]))
    return Samples.of_remote_write(request.SerializeToString(), 1)


def equal(label: str, value: str) -> Matcher:
    return Matcher("=", label, value)


def test_without_a_store_all_answers_are_empty(reader: Metrics):
    assert reader.storage("default", "up").select([equal("__name__", "up")], *EVER) == []
    assert reader.series("default", [], *EVER, 0).items == []
    assert reader.statistics("default", 10).series == 0


def test_what_is_appended_is_read_at_once_before_and_after_the_flush(engine: MetricsEngine, reader: Metrics):
    for number in range(3):
        engine.append("default", written({"__name__": "up", "job": "a", "time_ms": NOW_MS + number, "value": number}))
        (group,) = reader.storage("default", "up").select([equal("__name__", "up")], *EVER)
        assert group.labels == [(("__name__", "up"), ("job", "a"))]
        assert group.timestamps.tolist() == [NOW_MS + each for each in range(number + 1)]
        assert group.values[:, 0].tolist() == list(range(number + 1))
        engine.flush()
    assert reader.storage("acme", "up").select([equal("__name__", "up")], *EVER) == []


def test_look_ups(engine: MetricsEngine, reader: Metrics):
    series = [{"__name__": "up", "job": job, "exemplar": f"t{job}", "help": "Is it up"} for job in "abc"]
    engine.append("default", written(*series))
    engine.append("acme", written({"__name__": "other"}))
    names = reader.series("default", [[equal("__name__", "up")]], *EVER, 0).items
    assert [dict(each)["job"] for each in names] == ["a", "b", "c"]
    two = reader.series("default", [], *EVER, 2)
    assert (len(two.items), two.truncated) == (2, True)
    assert reader.label_names("default", [], *EVER, 0).items == ["__name__", "job"]
    assert reader.label_values("default", "job", [[Matcher("=~", "job", "a|b")]], *EVER, 0).items == ["a", "b"]
    assert reader.label_values("default", "job", [], *EVER, 1).truncated
    assert [each.type for each in reader.metadata("default", "", 0).items] == ["counter"]
    found = reader.exemplars("default", [[equal("job", "b")]], *EVER, 0).items
    assert [(each.labels, each.value) for one in found for each in one.exemplars] == [((("trace_id", "tb"),), 7.0)]
    assert reader.exemplars("default", [], *EVER, 2).truncated
    assert reader.statistics("default", 10).by_metric == [("up", 3)]


def test_native_histograms_come_as_such_and_a_stale_one_ends_its_series(engine: MetricsEngine, reader: Metrics):
    request = message("WriteRequest")
    one = request.timeseries.add()
    one.labels.add(name="__name__", value="latency")
    first = one.histograms.add(timestamp=NOW_MS, count_int=3, sum=5.5, schema=0, zero_threshold=0.5, zero_count_int=1)
    first.positive_spans.add(offset=1, length=2)
    first.positive_deltas.extend([1, 0])
    stale = np.array([0x7FF0000000000002], np.uint64).view(np.float64)[0]
    one.histograms.add(timestamp=NOW_MS + 1, sum=stale)
    engine.append("default", Samples.of_remote_write(request.SerializeToString(), 1))
    (group,) = reader.storage("default", "latency").select([equal("__name__", "latency")], *EVER)
    assert group.histograms is not None
    histogram, nothing = group.histograms[:, 0]
    assert (histogram.count, histogram.sum, histogram.zero_count) == (3, 5.5, 1)
    assert dict(histogram.positive) == {1: 1.0, 2: 1.0}
    assert nothing is None
    assert [len(each.timestamps) for each in group.without_stale()] == [1]


def test_series_that_were_folded_come_with_a_warning(engine: MetricsEngine, reader: Metrics):
    engine.append("default", written(*({"__name__": "many", "n": number} for number in range(5))))
    source = reader.storage("default", "many")
    source.select([equal("__name__", "many")], *EVER)
    (warning,) = source.warnings
    assert "series of many are folded" in warning
    assert reader.series("default", [], *EVER, 0).warnings == (warning,)


def test_limits_and_patterns_are_the_asker_s_fault(engine: MetricsEngine, reader: Metrics):
    for start in (0, 600):
        engine.append("default", written(*({"__name__": "up", "time_ms": NOW_MS - start - n} for n in range(600))))
    with pytest.raises(TooManySamples, match="too many samples"):
        reader.storage("default", "up").select([equal("__name__", "up")], *EVER)
    with pytest.raises(BadQuery):
        reader.series("default", [[Matcher("=~", "a", "(")]], *EVER, 0)


def test_a_damaged_segment_is_said_with_each_answer(engine: MetricsEngine, reader: Metrics, tmp_path: Path):
    engine.append("default", written({"__name__": "up"}))
    (path,) = engine.flush().segments
    file = tmp_path / "metrics" / path
    file.write_bytes(b"damage" + file.read_bytes()[6:])
    source = reader.storage("default", "up")
    assert source.select([equal("__name__", "up")], *EVER) == []
    assert any(path in each for each in source.warnings)


def test_a_query_names_the_labels_that_may_be_attributes():
    text = 'sum by (a) (rate(x{b="1", c!~"y"}[5m])) / on (d) group_left (e) label_replace(z, "t", "$1", "f", "(.*)")'
    assert named_labels(text) == ["a", "b", "c", "d", "e", "f"]
    assert named_labels('label_join(x, "t", ",", "g", "h") or sort_by_label(y, "i")') == ["g", "h", "i"]
    assert named_labels("up") == []


def test_a_directory_that_was_opened_answers_promql(engine: MetricsEngine, tmp_path: Path):
    engine.append("default", written(*({"__name__": "up", "time_ms": NOW_MS - 1000 * n} for n in range(60))))
    with otelier.open(tmp_path) as opened:
        found = opened.promql("count_over_time(up[2m])", time_ns=NOW_MS * 10**6)
        assert [row["value"] for row in found] == [60.0]
        steps = opened.promql("up", start_ns=(NOW_MS - 30_000) * 10**6, end_ns=NOW_MS * 10**6, step_s=10)
        assert (steps.columns, len(steps)) == (["time", "value", "__name__"], 4)


def test_attributes_of_resources_are_among_the_names_of_labels_as_queries_name_them(
    engine: MetricsEngine, reader: Metrics
):
    sent = gauge("heap", 1.5, attributes={"pool": "old"})
    sent.gauge.data_points[0].time_unix_nano = NOW_MS * 10**6
    engine.append_otlp("default", metrics(sent, resource={"service.name": "shop", "k8s.pod.name": "shop-1"}))
    names = reader.label_names("default", [], *EVER, 0).items
    assert {"pool", "k8s_pod_name"} <= set(names)
    chosen = reader.label_names("default", [[equal("__name__", "heap")]], *EVER, 0).items
    assert set(names) - set(chosen) >= {"k8s_pod_name"}
    assert reader.label_values("default", "k8s_pod_name", [], *EVER, 0).items == ["shop-1"]


def test_a_directory_that_is_none_of_ours_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"there is no directory .*none; name Otelier's data directory, or a URL"
    ):
        otelier.open(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"did you mean http://localhost:16686[?]"):
        otelier.open("localhost:16686")
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "messages.log").write_text("x")
    with pytest.raises(FileNotFoundError, match="is no data directory"):
        otelier.open(tmp_path)
