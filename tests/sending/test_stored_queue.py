"""A queue on disk: what was accepted is sent, by this process or by the next one."""

import errno
import threading
from pathlib import Path

import pytest

from otelier.component import (
    ComponentID,
    CustodyKind,
    Duration,
    OtelierError,
    Permanent,
    Refused,
    Retryable,
    SystemClock,
)
from otelier.sending import BatchSettings, PartitionSettings, QueueSettings, RetrySettings, SendPath, SendSettings
from otelier.testing import SimulatedStorage, component_context, items

ID = ComponentID("kept")
DOWN = Retryable("connection refused")


@pytest.fixture
def kept():
    return SimulatedStorage()


@pytest.fixture
def ctx(kept):
    return component_context("otlp/b", clock=SystemClock(), signal="traces", extensions={ID: kept})


def started(ctx, backend, retry=None, **queue):
    settings = SendSettings(
        sending_queue=QueueSettings(storage=ID, **queue), retry_on_failure=retry or RetrySettings(enabled=False)
    )
    path = SendPath(ctx, settings, backend.send)
    path.start()
    return path


def stopped(path, ctx, within_s=10.0):
    path.stop(ctx.clock.monotonic() + within_s)


def test_what_is_sent_is_done_and_not_sent_again(ctx, kept, backend_of, counted):
    backend = backend_of(ctx.clock)
    path = started(ctx, backend)
    for count in (1, 2, 3):
        path.consume(items("traces", count))
    stopped(path, ctx)
    assert sorted(backend.sizes) == [1, 2, 3]
    assert kept.names == ["exporter/otlp/b/traces"]
    stopped(started(ctx, again := backend_of(ctx.clock)), ctx)
    assert again.attempts == []
    assert counted(ctx) == {"sent_spans": 6}


@pytest.mark.proves("sending.QueueSettings.storage")
def test_what_is_under_way_and_what_waits_is_sent_by_the_next_process_with_its_metadata(ctx, kept, backend_of):
    hanging = backend_of(ctx.clock)
    hanging.open.clear()
    path = started(ctx, hanging, num_consumers=1)
    batches = [items("traces", count).with_metadata({"x-tenant": (str(count),)}) for count in (1, 2, 3)]
    for batch in batches:
        path.consume(batch)
    hanging.hanging.acquire()
    kept.disk.crash(1)  # the process is gone; the disk has what was acknowledged
    backend = backend_of(ctx.clock)
    path = started(ctx, backend, num_consumers=1)
    backend.until_taken(3)
    stopped(path, ctx)
    assert [(b.to_otlp(), b.metadata) for b in backend.taken] == [(b.to_otlp(), b.metadata) for b in batches]
    hanging.open.set()


def test_a_wait_between_attempts_ends_with_the_stop_and_the_data_stays(ctx, backend_of, counted):
    down = backend_of(ctx.clock, *[DOWN] * 100)
    path = started(ctx, down, RetrySettings(initial_interval=Duration(3000), max_elapsed_time=Duration(0)))
    for count in (1, 2, 3):
        path.consume(items("traces", count))
    for _ in range(3):
        down.hanging.acquire()
    stopped(path, ctx, within_s=3600)
    assert counted(ctx) == {"otelier_exporter_left_items": 6}
    backend = backend_of(ctx.clock)
    path = started(ctx, backend)
    backend.until_taken(3)
    stopped(path, ctx)
    assert sorted(backend.sizes) == [1, 2, 3]
    ends = {"otelier_exporter_left_items": 6, "otelier_exporter_restored_items": 6, "sent_spans": 6}
    assert counted(ctx) == ends


def test_a_stop_without_time_leaves_what_waits(ctx, backend_of, counted):
    hanging = backend_of(ctx.clock)
    hanging.open.clear()
    path = started(ctx, hanging, num_consumers=1)
    for count in (1, 2):
        path.consume(items("traces", count))
    hanging.hanging.acquire()
    stopped(path, ctx, within_s=0)
    assert counted(ctx) == {"otelier_exporter_left_items": 3}
    hanging.open.set()
    backend = backend_of(ctx.clock)
    path = started(ctx, backend)
    backend.until_taken(2)
    stopped(path, ctx)


@pytest.mark.parametrize("error", [Permanent("no"), DOWN], ids=["permanent", "no retry"])
def test_what_is_given_up_is_done(ctx, backend_of, counted, error):
    path = started(ctx, backend_of(ctx.clock, error))
    path.consume(items("traces", 5))
    stopped(path, ctx)
    stopped(started(ctx, again := backend_of(ctx.clock)), ctx)
    assert again.attempts == []
    assert sum(counted(ctx).values()) == 5


def test_a_queue_larger_than_the_bound_starts_drains_and_takes_in_when_below(ctx, backend_of):
    hanging = backend_of(ctx.clock)
    hanging.open.clear()
    path = started(ctx, hanging, num_consumers=1, queue_size=10)
    for _ in range(8):
        path.consume(items("traces", 1))
    hanging.hanging.acquire()
    stopped(path, ctx, within_s=0)
    hanging.open.set()
    backend = backend_of(ctx.clock)
    backend.open.clear()
    path = started(ctx, backend, num_consumers=1, queue_size=2)
    with pytest.raises(Refused, match="8 of 2 requests"):
        path.consume(items("traces", 1))
    backend.open.set()
    backend.until_taken(8)
    waiting = threading.Event()
    while True:
        try:
            path.consume(items("traces", 9))
            break
        except Refused:
            waiting.wait(0.001)
    stopped(path, ctx)
    assert backend.sizes == [1] * 8 + [9]


def test_batching_joins_what_was_restored_within_its_partition(ctx, backend_of):
    batch = BatchSettings(min_size=100, flush_timeout=Duration(3600), partition=PartitionSettings(metadata_keys=("t",)))
    down = backend_of(ctx.clock)
    down.open.clear()
    path = started(ctx, down, num_consumers=1, queue_size=100)
    for number in range(8):
        path.consume(items("traces", 1, first=number).with_metadata({"t": (str(number % 2),)}))
    down.hanging.acquire()
    stopped(path, ctx, within_s=0)
    down.open.set()
    backend = backend_of(ctx.clock)
    stopped(started(ctx, backend, batch=batch, queue_size=100), ctx)
    assert sorted(b.metadata["t"] for b in backend.taken) == [("0",), ("1",)]
    assert backend.sizes == [4, 4]
    stopped(started(ctx, again := backend_of(ctx.clock)), ctx)
    assert again.attempts == []


def test_a_batch_cut_in_parts_is_done_when_all_of_them_are(ctx, backend_of):
    batch = BatchSettings(min_size=1, max_size=4)
    refusing = backend_of(ctx.clock, DOWN, *[DOWN] * 9)
    retry = RetrySettings(initial_interval=Duration(3600), max_elapsed_time=Duration(0))
    path = started(ctx, refusing, retry, batch=batch, num_consumers=1)
    path.consume(items("traces", 10))
    refusing.hanging.acquire()
    stopped(path, ctx)
    backend = backend_of(ctx.clock)
    stopped(started(ctx, backend, batch=batch, num_consumers=1), ctx)
    assert backend.sizes == [4, 4, 2]
    stopped(started(ctx, again := backend_of(ctx.clock)), ctx)
    assert again.attempts == []


def test_a_full_disk_refuses_for_now_and_frees_the_room_again(ctx, kept, backend_of, counted):
    backend = backend_of(ctx.clock)
    path = started(ctx, backend, queue_size=1)
    kept.disk.fail("write queue", 1, errno.ENOSPC)
    with pytest.raises(Refused, match="No space left"):
        path.consume(items("traces", 2))
    path.consume(items("traces", 3))
    stopped(path, ctx)
    assert backend.sizes == [3]
    assert counted(ctx) == {"enqueue_failed_spans/storage": 2, "sent_spans": 3}


def test_what_can_t_be_read_is_counted_and_holds_up_nothing(ctx, kept, backend_of, counted):
    queue = kept.open_queue("exporter/otlp/b/traces")
    for count in (1, 2, 3):
        queue.put(items("traces", count), 1)
    queue.close()
    kept.disk.fail("read queue", 3, errno.EIO)  # after the two of the opening
    backend = backend_of(ctx.clock)
    path = started(ctx, backend, num_consumers=1)
    backend.until_taken(2)
    stopped(path, ctx)
    done = counted(ctx)
    assert done.pop("send_failed_spans/unreadable") + done.pop("sent_spans") == 6
    assert done == {"otelier_exporter_restored_items": 6}


def test_the_sender_s_custody_is_the_storage_s(ctx, backend_of):
    custody = SendPath(ctx, SendSettings(sending_queue=QueueSettings(storage=ID)), backend_of(ctx.clock).send).custody()
    assert (custody.kind, custody.loss_window) == (CustodyKind.BUFFERS, "what the simulated storage says")


def test_a_storage_that_is_none_is_named(ctx, backend_of):
    settings = SendSettings(sending_queue=QueueSettings(storage=ComponentID("file_storage", "x")))
    with pytest.raises(OtelierError, match="`file_storage/x` is not one of service::extensions"):
        SendPath(ctx, settings, backend_of(ctx.clock).send)


def test_queues_are_kept_apart_by_exporter_and_signal(tmp_path: Path, kept, backend_of):
    for id_, signal in (("otlp", "logs"), ("otlp/2", None)):
        ctx = component_context(id_, clock=SystemClock(), signal=signal, extensions={ID: kept})
        stopped(started(ctx, backend_of(ctx.clock)), ctx)
    assert kept.names == ["exporter/otlp/logs", "exporter/otlp/2/all"]
