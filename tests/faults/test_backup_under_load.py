"""A copy taken while the store is written, flushed and merged holds all that was acknowledged before, once."""

import threading

from otelier._core import Disk
from otelier.component import Duration, Meter, SystemClock
from otelier.storage.local import FlushSettings, StoreSettings, close_store, open_store
from otelier.storage.stores import backup, damage
from otelier.testing import span, trace_id, traces

from ..storage.reading import readable_spans

TRACES = 20
COPIES = 4


def test_a_copy_of_a_store_at_work_is_whole(tmp_path):
    settings = StoreSettings(
        data_dir=str(tmp_path / "data"), flush=FlushSettings(max_age=Duration(0.2), idle=Duration(0.1))
    )
    engine = open_store(settings, SystemClock(), Meter())
    acknowledged, stop, begun = [0], threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            first = acknowledged[0]
            numbers = range(first, first + 50)
            engine.append("default", traces(*(span(number=n, trace=n % TRACES) for n in numbers)))
            acknowledged[0] += 50
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(20)
        for copy in range(COPIES):
            before, target = acknowledged[0], tmp_path / f"copy-{copy}"
            backup(tmp_path / "data", target)
            disk = Disk.real(str(target))
            assert list(damage(target)) == []
            found = readable_spans(disk, "default", map(trace_id, range(TRACES)))
            assert before <= len(found) <= acknowledged[0]
            assert max(found.values()) == 1
            engine.flush()
            engine.compact()
    finally:
        stop.set()
        writer.join()
        close_store(engine)
