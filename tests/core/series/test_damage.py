"""A byte that is not what it was is found, and never ends the process."""

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from otelier._core import Samples, series_files, series_summary

from .remote_write import Said, request
from .stores import FOREVER, TENANT, Labels, Store, arrays


def filled() -> Store:
    store = Store()
    labels: list[Labels] = [(("__name__", f"m{n % 3}"), ("instance", f"i{n}")) for n in range(70)]
    values = np.random.default_rng(1).integers(0, 1000, (130, 70)).astype(np.float64).view(np.uint64)
    for at, row in enumerate(values):
        store.append(arrays([(each, at * 1000, int(row[n])) for n, each in enumerate(labels)]))
    more = Said((("__name__", "native"),), [(1, 0)], [(2, 3), (4, 5)], [(2, 1.0, (("trace_id", "1"),))])
    store.append(Samples.of_remote_write(request([more], [(1, "m0", "help", "s")]), 1))
    store.flush()
    return store


STORE = filled()
PATH = str(STORE.segments[0]["path"])
FILES = {path: STORE.disk.read(path) for path in series_files(PATH)}


@given(st.sampled_from(sorted(FILES)), st.integers(0, 2**32), st.integers(1, 255))
@settings(deadline=None, max_examples=300)
def test_one_byte_that_changed(path: str, place: int, change: int) -> None:
    data = bytearray(FILES[path])
    data[place % len(data)] ^= change
    STORE.disk.replace(path, bytes(data))
    try:
        assert STORE.verify() != []
        store = Store(STORE.disk)
        store.segments = STORE.segments
        store.refresh()
        store.select([("instance", "!=", "")], *FOREVER)
        store.view.exemplars(TENANT, [], *FOREVER, 0, "")
        store.view.metadata(TENANT, "", 0)
    finally:
        STORE.disk.replace(path, FILES[path])


@given(st.sampled_from(sorted(FILES)), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_a_file_that_was_cut_off(path: str, length: int) -> None:
    STORE.disk.replace(path, FILES[path][: length % len(FILES[path])])
    try:
        assert STORE.verify() != []
        store = Store(STORE.disk)
        store.segments = STORE.segments
        store.refresh()
        store.select([], *FOREVER)
    finally:
        STORE.disk.replace(path, FILES[path])


def test_the_summary_of_a_segment_is_what_the_flush_said_of_it() -> None:
    assert STORE.verify() == []
    assert json.loads(series_summary(STORE.disk, PATH)) == STORE.segments[0]
