"""The trace buffer against a plain model: whatever comes in whatever order, each span leaves once, with its trace."""

import json
from collections import OrderedDict
from itertools import groupby

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from otelier._core import BufferFull, TraceBuffer, TraceColumns
from otelier.telemetry import Batch
from otelier.testing import decode, losing_disk, span, traces

SECOND = 1_000_000
START_NS = 1_700_000_000 * 10**9
NOT_SAMPLED, SAMPLED, DROPPED, WAIT_ON = range(4)


def buffer(disk=None, **options) -> TraceBuffer:
    return TraceBuffer(
        json.dumps({"wait_us": 2 * SECOND, "remember": True, "num_traces": 100, **options}).encode(), disk
    )


def named(batch: Batch | None) -> list[tuple[bytes, str]]:
    """(trace id, name) of each span, in order."""
    return [
        (each.trace_id, each.name)
        for resource in (decode(batch).resource_spans if batch else ())
        for scope in resource.scope_spans
        for each in scope.spans
    ]


def rows(columns: TraceColumns) -> list[bytes]:
    return [columns.trace_ids[at : at + 16] for at in range(0, len(columns.trace_ids), 16)]


def encoded(spans) -> Batch:
    """Two resources, so that what comes out of the middle of a request has to find its headers."""
    half = len(spans) // 2
    parts = [traces(*spans[:half], resource={"half": "a"}), traces(*spans[half:], resource={"half": "b"})]
    return Batch.from_otlp("traces", b"".join(part.to_otlp() for part in parts))


SPAN = st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 5))
"""Trace, whether it is a root, duration."""


class Machine(RuleBasedStateMachine):
    """`waiting` and `decided` are all that the buffer should know."""

    @initialize(
        budget=st.sampled_from([0, 300, 2000]),
        spill=st.sampled_from([0, 500, 1 << 20]),
        num_traces=st.integers(1, 8),
        caches=st.sampled_from([(0, 0), (2, 0), (0, 3), (2, 2)]),
        after_root=st.sampled_from([0, SECOND]),
    )
    def make(self, budget, spill, num_traces, caches, after_root):
        self.after_root, self.num_traces, self.caches = after_root, num_traces, caches
        self.budget = budget
        self.buffer = buffer(
            losing_disk(), budget_bytes=budget, spill_bytes=spill, num_traces=num_traces, sampled_cache=caches[0],
            other_cache=caches[1], wait_after_root_us=after_root, touched=True,
        )  # fmt: skip
        self.now = 0
        self.number = 0
        self.waiting: OrderedDict[bytes, dict] = OrderedDict()
        self.memories = [OrderedDict() for _ in range(3)]  # ids, sampled, others
        self.touched: set[bytes] = set()
        self.due: tuple[TraceColumns, list[bytes]] | None = None

    def remember(self, id_: bytes, fate: int) -> None:
        cache = 1 if fate == SAMPLED else 2
        size = self.caches[cache - 1]
        self.memories[cache if size else 0][id_] = fate
        while size and len(self.memories[cache]) > size:
            self.memories[cache].popitem(last=False)

    def shrink(self) -> None:
        while len(self.memories[0]) > max(0, self.num_traces - len(self.waiting)):
            self.memories[0].popitem(last=False)

    def decision(self, id_: bytes) -> int | None:
        if id_ in self.memories[0]:
            return self.memories[0][id_]
        for cache in self.memories[1:]:
            if id_ in cache:
                cache.move_to_end(id_)
                return cache[id_]
        return None

    @rule(requests=st.lists(st.lists(SPAN, min_size=1, max_size=6), min_size=1, max_size=3))
    def add(self, requests):
        made = [[self.span(*each) for each in request] for request in requests]
        try:
            added = self.buffer.add(Batch.join([encoded(spans) for spans in made]), self.now)
        except BufferFull:
            assert self.budget
            return
        new = set()
        late = {SAMPLED: [], NOT_SAMPLED: [], DROPPED: []}
        for spans in made:
            by_trace = {each.trace_id: [] for each in spans}
            for each in spans:
                by_trace[each.trace_id].append(each)
            for id_, own in by_trace.items():
                if id_ in self.waiting or (fate := self.decision(id_)) is None:
                    new |= {id_} - self.waiting.keys()
                    self.wait(id_, own)
                else:
                    late[fate] += [(id_, each.name) for each in own]
        assert named(added.late) == late[SAMPLED]
        assert added.late_dropped_spans == len(late[NOT_SAMPLED] + late[DROPPED])
        assert added.new_traces == len(new)
        self.shrink()

    def span(self, trace, root, duration):
        self.number += 1
        status = ("UNSET", "OK", "ERROR")[duration % 3]
        parent, start = None if root else 1, START_NS + self.number
        return span(str(self.number), trace=trace, parent=parent, start_ns=start, duration_ns=duration, status=status)

    def wait(self, id_, own):
        trace = self.waiting.setdefault(id_, {"due": self.now + 2 * SECOND, "spans": []})
        rooted = any(not each.parent_span_id for each in trace["spans"])
        if self.after_root and not rooted and any(not each.parent_span_id for each in own):
            trace["due"] = min(trace["due"], self.now + self.after_root)
        trace["spans"] += own
        self.touched.add(id_)

    @rule(seconds=st.sampled_from([0.5, 1, 2]))
    def advance(self, seconds):
        self.now += int(seconds * SECOND)

    @precondition(lambda self: self.due is None)
    @rule()
    def fall_due(self):
        columns = self.buffer.due(self.now)
        ids = rows(columns)
        expected = [id_ for id_, trace in self.waiting.items() if trace["due"] <= self.now]
        assert sorted(ids) == sorted(expected)
        spans = [self.waiting[id_]["spans"] for id_ in ids]
        assert np.frombuffer(columns.spans, np.int64).tolist() == [len(own) for own in spans]
        firsts = [min(each.start_time_unix_nano for each in own) for own in spans]
        lasts = [max(each.end_time_unix_nano for each in own) for own in spans]
        assert np.frombuffer(columns.first_start_ns, np.uint64).tolist() == firsts
        assert np.frombuffer(columns.last_end_ns, np.uint64).tolist() == lasts
        codes = [sum({1 << each.status.code for each in own}) for own in spans]
        assert list(columns.status_codes) == codes
        for at, id_ in enumerate(ids):
            assert sorted(named(self.buffer.peek(columns, at))) == sorted((id_, each.name) for each in spans[at])
        self.due = columns, ids
        self.touched -= set(ids)

    @precondition(lambda self: self.due is not None)
    @rule(data=st.data())
    def decide(self, data):
        columns, ids = self.due
        self.due = None
        fates = data.draw(
            st.lists(st.sampled_from([NOT_SAMPLED, SAMPLED, DROPPED]), min_size=len(ids), max_size=len(ids))
        )
        self.take(columns, ids, fates)

    @precondition(lambda self: self.due is None)
    @rule(data=st.data())
    def decide_early(self, data):
        columns = self.buffer.touched()
        ids = rows(columns)
        assert set(ids) == self.touched & self.waiting.keys()
        self.touched = set()
        fates = [data.draw(st.sampled_from([SAMPLED, DROPPED, WAIT_ON])) for _ in ids]
        self.take(columns, ids, fates)

    def take(self, columns, ids, fates):
        taken = self.buffer.take(columns, bytes(fates), self.now)
        out = named(taken.batch)
        kept = [id_ for id_, fate in zip(ids, fates, strict=True) if fate == SAMPLED]
        assert [id_ for id_, _ in groupby(out, key=lambda each: each[0])] == kept
        assert sorted(out) == sorted((id_, each.name) for id_ in kept for each in self.waiting[id_]["spans"])
        gone = [id_ for id_, fate in zip(ids, fates, strict=True) if fate in (NOT_SAMPLED, DROPPED)]
        assert taken.dropped_spans == sum(len(self.waiting[id_]["spans"]) for id_ in gone)
        assert taken.unreadable_spans == 0
        for id_, fate in zip(ids, fates, strict=True):
            if fate != WAIT_ON:
                del self.waiting[id_]
                self.remember(id_, fate)
        self.shrink()

    @invariant()
    def figures_agree(self):
        if not hasattr(self, "waiting"):
            return
        stats = self.buffer.stats()
        assert stats["traces"] == len(self.waiting)
        assert stats["remembered"] == sum(map(len, self.memories))
        if not self.waiting:
            assert (stats["memory_bytes"], stats["disk_bytes"]) == (0, 0)

    def teardown(self):
        if not hasattr(self, "waiting"):
            return
        if self.due:
            self.take(*self.due, [SAMPLED] * len(self.due[1]))
        rest = self.buffer.due(2**63)
        self.take(rest, rows(rest), [SAMPLED] * len(rest))
        self.figures_agree()


def test_the_buffer_is_the_model():
    run_state_machine_as_test(Machine, settings=settings(max_examples=150, stateful_step_count=25, deadline=None))


def string(key: str, *values: str, regex: bool = False) -> dict:
    return {"kind": "string", "key": key, "values": values, "regex": regex}


def test_there_may_be_more_things_to_look_for_than_a_word_has_bits():
    wanted = [string(f"key.{number}", "yes") for number in range(150)]
    it = buffer(matchers=wanted, conditions=2)
    number = iter(range(1, 1000))
    for trace in range(1, 6):
        attributes = {f"key.{30 * trace - 30}": "yes", f"key.{30 * trace - 1}": "yes", "key.7": "no"}
        first, second = span(trace=trace, number=next(number), attributes=attributes), span(trace=trace)
        it.add(traces(first, second), 0, masks=[bytes((0, trace == 2)), bytes((trace == 3, 0))])
    columns = it.due(2**63)
    matches = np.frombuffer(columns.matches, np.bool_).reshape(152, 5)
    for row in range(5):
        expected = {30 * row, 30 * row + 29} | ({150} if row == 1 else set()) | ({151} if row == 2 else set())
        assert set(np.flatnonzero(matches[:, row]).tolist()) == expected


def test_masks_must_fit():
    it = buffer(conditions=1)
    for masks in ([], [b"\0\0"], [b"\0", b"\0"]):
        with pytest.raises(ValueError, match="masks must be 1 of 1 bytes"):
            it.add(traces(span()), 0, masks=masks)


def test_what_the_disk_can_not_give_back_is_counted():
    disk = losing_disk()
    it = buffer(disk, budget_bytes=150, spill_bytes=10_000)
    for trace in range(3):
        it.add(traces(span(str(trace), trace=trace)), 0)
    columns = it.due(2**63)
    disk.fail("read", 1, 5)
    taken = it.take(columns, bytes((SAMPLED,)) * 3, 0)
    assert (taken.unreadable_spans, bool(taken.unreadable)) == (1, True)
    assert [name for _, name in named(taken.batch)] == ["1", "2"]
    assert it.stats()["disk_bytes"] == 0


def test_a_disk_that_is_full_is_why_data_is_refused():
    disk = losing_disk()
    it = buffer(disk, budget_bytes=150, spill_bytes=10_000)
    it.add(traces(span()), 0)
    disk.fail("write", 1, 28)
    with pytest.raises(BufferFull, match="the disk says"):
        it.add(traces(span()), 0)
    it.add(traces(span()), 0)
    assert it.stats()["traces"] == 1


@pytest.mark.parametrize("bad", [{"wait_us": "x"}, {"unknown": 1}, {"matchers": [string("k", "(", regex=True)]}])
def test_bad_options_are_said(bad):
    with pytest.raises(ValueError, match=r"."):
        buffer(**bad)
