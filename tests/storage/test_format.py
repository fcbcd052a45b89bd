"""Segments of format 1 are read for ever; those of a format that is not known are neither answered from nor touched."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import otelier
from otelier._core import Disk, Records, read_records, read_segment, segment_summary, verify_segment
from otelier.component import Meter
from otelier.query.errors import StoreUnreadable
from otelier.storage.contract import DataDirectoryError
from otelier.storage.directory import METRICS
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.storage.local.layout import index_of
from otelier.storage.local.manifest import of_signal, read_state
from otelier.storage.metrics import SeriesSegment
from otelier.storage.metrics.open import close_metrics, open_metrics
from otelier.storage.metrics.segment import SERIES
from otelier.storage.segmented import manifest
from otelier.testing import FakeClock, span, traces
from otelier.testing.telemetry import START_NS

from .format_1.write import DATA, RECORDS, SPANS, points, records, spans, write

END_NS = START_NS + 1000 * 10**9
FIRST, OTHERS = 1, {0: "begin with an empty data directory", 2: "a newer Otelier wrote it"}


@pytest.fixture(params=["of long ago", "of today"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the directory that was written when format 1 was settled, and one that is written now."""
    if request.param == "of today":
        write(tmp_path)
    else:
        shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    return tmp_path


def test_everything_comes_out_as_it_went_in(data: Path):
    disk = Disk.real(data)
    state = read_state(disk)
    for signal, batches in (("traces", [*spans()]), ("logs", [records()])):
        kept = [read_segment(disk, each.path, signal) for each in of_signal(state, "default", signal)]
        assert sorted(batch.digest() for batch in kept) == sorted(batch.digest() for batch in batches)
    assert [verify_segment(disk, path) for path in state.segments] == ["", "", ""]
    series = Disk.real(data / METRICS)
    for path in manifest.read_state(series, SeriesSegment).segments:
        assert SERIES.verify(series, path) == ""


def test_it_is_searched_by_all_that_its_indexes_know(data: Path):
    with otelier.open(data) as there:

        def found(query: str) -> int:
            return len(there.traceql(query, start_ns=START_NS, end_ns=END_NS, limit=1000))

        assert found('{resource.service.name="shop" && name="GET /r1" && status=error}') == 0
        assert found('{name="GET /r0" && status=error}') == SPANS // 10
        assert found('{span.order.id="order-20"}') == 1
        assert found('{span.rare.40="한국어"}') == 1
        assert found('{event.exception.type="KeyError"}') == SPANS // 10
        assert found("{span.price > 39 && span.paid = false}") == 2
        assert found('{span.http.route="/r0"} >> {status=ok}') > 0
        (rate,) = there.traceql("{} | count_over_time()", start_ns=START_NS, end_ns=END_NS).rows()
        assert rate[1] == SPANS
        words = "SELECT count(*) FROM logs WHERE body LIKE '%작업%' AND severity_number >= 17"
        assert there.sql(words).rows() == [[RECORDS // 10]]
        assert there.sql('SELECT sum("log.retries"::BIGINT) FROM logs').rows() == [[RECORDS]]
        at = (START_NS // 10**9 + 59) * 10**9
        assert [row[1] for row in there.promql("orders_total", time_ns=at).rows()] == [60.0]
        assert [row[1] for row in there.promql("level + 0.25", time_ns=at).rows()] == [15.0]
        (sizes,) = there.promql("histogram_count(sizes)", time_ns=START_NS + 10**9).rows()
        assert sizes[1] == 6.0


def test_it_is_written_to_and_merged(data: Path):
    engine = open_store(StoreSettings(data_dir=str(data)), FakeClock(), Meter())
    for number in range(8):
        engine.append("default", traces(span("new", trace=1000 + number)))
        engine.flush(everything=True)
    while engine.compact():
        pass
    close_store(engine)
    with otelier.open(data) as there:
        assert there.sql("SELECT count(*), count(DISTINCT trace_id) FROM spans").rows() == [[SPANS + 8, SPANS // 3 + 8]]


def rewritten(disk: Disk, index: str, change: Callable[[dict], None], *more: bytes) -> None:
    """Its summary is changed, and there are more records."""
    others = [each for each in read_records(disk, index) if each[0] != 1]
    summary = json.loads(segment_summary(disk, index.replace(".index", ".parquet")))
    change(summary)
    content = json.dumps(summary).encode()
    head = b"\x01\x00" + len(content).to_bytes(4, "little")
    disk.unlink(index)
    Records(disk, index).rewrite([head + content, *others, *more])


def test_what_is_added_to_an_index_later_does_not_matter_to_those_who_do_not_know_it(data: Path):
    disk = Disk.real(data)
    unknown = b"\xc8\x07" + (5).to_bytes(4, "little") + b"hello"
    for path in read_state(disk).segments:
        rewritten(disk, index_of(path), lambda summary: summary.update({"later": [1]}), unknown)
    test_everything_comes_out_as_it_went_in(data)
    test_it_is_searched_by_all_that_its_indexes_know(data)


@pytest.mark.parametrize("version", OTHERS)
def test_another_format_is_refused_and_nothing_of_it_is_touched(data: Path, version: int):
    disk = Disk.real(data)
    for path in read_state(disk).segments:
        assert json.loads(segment_summary(disk, path))["version"] == FIRST
        rewritten(disk, index_of(path), lambda summary: summary.update({"version": version, "rows": "other"}))
    before = {file: file.read_bytes() for file in data.rglob("*") if file.is_file()}
    with pytest.raises(DataDirectoryError, match=OTHERS[version]):
        open_store(StoreSettings(data_dir=str(data)), FakeClock(), Meter())
    with otelier.open(data) as there, pytest.raises(StoreUnreadable, match=OTHERS[version]):
        there.traceql("{}", start_ns=START_NS, end_ns=END_NS)
    assert before.items() <= {file: file.read_bytes() for file in data.rglob("*") if file.is_file()}.items()


def test_metrics_have_the_same_promise(data: Path):
    settings, clock = StoreSettings(data_dir=str(data)), FakeClock()
    engine = open_metrics(settings, clock, Meter())
    engine.append_otlp("default", points())
    close_metrics(engine)
    with otelier.open(data) as there:
        assert there.sql("SELECT count(*) FROM metrics").rows() == [[123]]
