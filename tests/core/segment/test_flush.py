"""What is flushed, what is carried, what counts once."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Batch, Disk, Log, flush, merge, read_generation, segment_summary, verify_segment

from .spans import batch, span
from .stores import SECOND, Store


def test_a_flush_writes_what_is_idle_and_carries_what_goes_on() -> None:
    store = Store()
    store.append(batch(span(1, 1), span(2, 2)), now_ns=10 * SECOND)
    store.append(batch(span(2, 3, parent=2)), now_ns=14 * SECOND)
    flushed = store.flush(now_ns=15 * SECOND, idle_ns=3 * SECOND)
    assert (flushed.carried, flushed.items) == (2, {"traces": 1})
    again = store.flush(now_ns=16 * SECOND, idle_ns=3 * SECOND)
    assert (again.carried, again.items) == (2, {})
    last = store.flush(now_ns=17 * SECOND, idle_ns=3 * SECOND)
    assert (last.carried, last.items) == (0, {"traces": 2})
    came = [batch(span(1, 1), span(2, 2)), batch(span(2, 3, parent=2))]
    assert store.stored().digest() == Batch.join(came).digest()


def test_a_trace_that_never_ends_is_written_when_it_is_old_enough() -> None:
    store = Store()
    for second in range(10, 20):
        store.append(batch(span(1, second)), now_ns=second * SECOND)
        flushed = store.flush(now_ns=second * SECOND, idle_ns=5 * SECOND, max_open_ns=8 * SECOND)
        assert bool(flushed.segments) == (second == 18)


def test_what_is_carried_keeps_the_time_of_its_arrival() -> None:
    store = Store()
    store.append(batch(span(1, 1)), now_ns=10 * SECOND)
    store.flush(now_ns=11 * SECOND, idle_ns=5 * SECOND)
    [name] = store.disk.list("log")
    [(kind, tenant, _, first, last, from_generation)], _, _ = read_generation(store.disk, f"log/{name}")
    assert (kind, tenant, first, last, from_generation) == ("carried", "default", 10 * SECOND, 10 * SECOND, 1)


def test_a_flush_that_never_reached_the_manifest_is_done_again_without_doubles() -> None:
    disk = Disk.simulated()
    log = Log(disk, "log")
    log.append("default", batch(span(1, 1), span(2, 2)), 10 * SECOND)
    first = log.rotate()
    flush(disk, log, [first], now_ns=11 * SECOND, idle_ns=5 * SECOND, max_open_ns=2**62)
    second = log.rotate()
    done = flush(disk, log, [first, second], now_ns=11 * SECOND, idle_ns=0, max_open_ns=2**62)
    assert (done.items, done.duplicates, done.carried) == ({"traces": 2}, 0, 0)


def test_tenants_and_signals_have_segments_of_their_own() -> None:
    store = Store()
    store.append(batch(span(1, 1)), tenant="a")
    store.append(batch(span(1, 1)), tenant="b")
    logs = Batch.from_json("logs", b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]}]}')
    store.append(logs, tenant="b")
    flushed = store.flush(idle_ns=0)
    assert (flushed.items, flushed.duplicates) == ({"traces": 2, "logs": 1}, 0)
    folders = [path.rsplit("/", 1)[0] for path in store.paths]
    assert sorted(folders) == ["segments/a/traces", "segments/b/logs", "segments/b/traces"]


def test_spans_sent_twice_count_once_within_a_flush_and_across_flushes() -> None:
    store = Store()
    spans = [span(1, 1, start=5), span(1, 2, parent=1, start=6)]
    store.append(batch(*spans), batch(spans[1]), batch(span(1, 1, start=7)))
    assert store.flush().duplicates == 1
    store.append(batch(*spans, span(1, 3, start=8)), batch(span(9, 9)))
    assert store.flush().duplicates == 2
    assert len(store.stored()) == 5
    store.append(batch(*spans))
    assert (store.flush().duplicates, len(store.paths)) == (2, 2)


def test_a_late_part_of_a_trace_is_marked_and_merging_makes_it_whole() -> None:
    store = Store()
    store.append(batch(span(1, 1), span(2, 1)))
    store.flush()
    store.append(batch(span(1, 2, parent=1), span(3, 1)))
    store.flush()
    assert [store.summary(at)["split_traces"] for at in (0, 1)] == [0, 1]
    store.merge()
    whole = store.summary()
    assert (whole["traces"], whole["rows"], whole["split_traces"]) == (3, 4, 0)


def test_segments_of_a_log_are_the_same_to_the_byte_each_time() -> None:
    def segments() -> list[bytes]:
        store = Store()
        store.append(*(batch(*(span(t, n, start=n * t) for n in range(1, 9))) for t in range(1, 50)))
        store.flush()
        return [store.disk.read(path) for path in (store.paths[0], store.paths[0].replace(".parquet", ".index"))]

    assert segments() == segments()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2)), min_size=1, max_size=30), st.data())
def test_each_span_is_there_once_however_flushes_and_merges_fall(
    sent: Sequence[tuple[int, int, int]], data: st.DataObject
) -> None:
    store = Store()
    for at, (trace, number, start) in enumerate(sent):
        store.append(batch(span(trace, number, start=start, parent=(number + 1) % 6)), now_ns=at * SECOND)
        if data.draw(st.integers(0, 3)) == 0:
            store.flush(now_ns=at * SECOND, idle_ns=data.draw(st.integers(0, 3)) * SECOND)
        if len(store.paths) > 1 and data.draw(st.integers(0, 3)) == 0:
            store.merge()
    store.flush(now_ns=100 * SECOND)
    once = [batch(span(trace, n, start=start, parent=(n + 1) % 6)) for trace, n, start in dict.fromkeys(sent)]
    assert store.stored().digest() == Batch.join(once).digest()
    assert len(once) + store.duplicates == len(sent)


@pytest.mark.parametrize(
    "operation", ["create segments", "write segments", "sync segments", "sync_dir segments", "write log"]
)
def test_a_disk_that_fails_fails_the_flush_and_the_next_one_does_it_all(operation: str) -> None:
    store = Store()
    store.append(batch(span(1, 1), span(2, 2)), now_ns=10 * SECOND)
    store.append(batch(span(2, 3)), now_ns=14 * SECOND)
    generation = store.log.rotate()
    store.disk.fail(operation, 1, 28)
    with pytest.raises(OSError, match="28"):
        flush(store.disk, store.log, [generation], now_ns=15 * SECOND, idle_ns=3 * SECOND, max_open_ns=2**62)
    store.flush(now_ns=20 * SECOND)
    assert len(store.stored()) == 3


def test_every_flipped_byte_of_a_segment_is_found() -> None:
    store = Store()
    store.append(batch(*(span(1, n, start=n) for n in range(1, 20))))
    store.flush()
    [path] = store.paths
    for file in (path, path.replace(".parquet", ".index")):
        good = store.disk.read(file)
        for at in range(0, len(good), 37):
            store.disk.replace(file, good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :])
            assert verify_segment(store.disk, path) != "", (file, at)
        store.disk.replace(file, good[:-1])
        assert verify_segment(store.disk, path) != ""
        store.disk.replace(file, good)
    assert verify_segment(store.disk, path) == ""
    store.disk.replace(path, b"PAR1")
    with pytest.raises(ValueError, match="parquet"):
        merge(store.disk, "default", "traces", [path])


def test_a_missing_segment_is_told_and_does_not_stop_a_flush() -> None:
    store = Store()
    store.paths = ["segments/default/traces/gone.parquet"]
    assert "gone" in verify_segment(store.disk, store.paths[0])
    with pytest.raises(FileNotFoundError):
        segment_summary(store.disk, store.paths[0])
    store.append(batch(span(1, 1)))
    assert store.flush().items == {"traces": 1}


def test_the_summary_tells_operations_times_and_keys() -> None:
    store = Store()
    store.append(batch(span(1, 1, start=100, duration=50, name="a", kind=2), span(1, 2, parent=1, start=120, name="b")))
    store.append(batch(span(2, 1, start=90, name="a", kind=2), service="another"))
    flushed = store.flush()
    summary = store.summary()
    assert summary["operations"] == [["another", "a", 2, 1], ["service", "a", 2, 1], ["service", "b", 0, 1]]
    assert summary["services"] == ["another", "service"]
    assert (summary["min_start_ns"], summary["max_start_ns"], summary["max_end_ns"]) == (90, 120, 150)
    entry = json.loads(flushed.segments[0])
    assert (entry["rows"], entry["tenant"], entry["signal"], entry["min_start_ns"]) == (3, "default", "traces", 90)
    assert entry["bytes"] == sum(
        store.disk.size(entry["path"].replace(".parquet", end)) for end in (".parquet", ".index")
    )


def test_a_damaged_older_part_of_a_trace_does_not_stop_a_flush() -> None:
    store = Store()
    store.append(batch(*(span(1, n) for n in range(1, 100))))
    store.flush()
    good = store.disk.read(store.paths[0])
    for at in range(4, len(good), 97):
        store.disk.replace(store.paths[0], good[:at] + b"\xff" * 8 + good[at + 8 :])
        store.append(batch(span(1, at + 1_000)))
        assert store.flush().items == {"traces": 1}
        del store.paths[1:]
