"""Write, flush, merge, fail, crash, reopen in any order: what was acknowledged is readable, once."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from otelier.component import Duration, Meter, OtelierError
from otelier.storage.local import Engine, StoreSettings
from otelier.telemetry import Batch
from otelier.testing import log_record, logs, span, trace_id, traces

from .machine import TENANTS, EngineMachine
from .reading import bodies_of, readable_logs, readable_spans, spans_of


class Store(EngineMachine):
    """Spans and records are numbered, so that each is known again."""

    store = StoreSettings()

    @initialize()
    def open_first(self) -> None:
        self.make_disk()
        self.sent: list[tuple[str, Batch]] = []
        self.acknowledged: dict[str, set] = {tenant: set() for tenant in TENANTS}
        self.records: dict[str, set[str]] = {tenant: set() for tenant in TENANTS}
        self.unsure: dict[str, set[str]] = {tenant: set() for tenant in TENANTS}
        self.reopen()

    def reopen(self) -> None:
        self.engine = Engine(self.disk, self.clock, self.store, Meter())

    def take(self, tenant: str, batch: Batch) -> None:
        try:
            self.engine.append(tenant, batch)
        except OtelierError:
            if batch.signal == "logs":
                self.unsure[tenant] |= set(bodies_of(batch))
            return
        if batch.signal == "traces":
            self.acknowledged[tenant] |= set(spans_of(batch))
        else:
            self.records[tenant] |= set(bodies_of(batch))

    @rule(tenant=st.sampled_from(TENANTS), count=st.integers(1, 5), trace=st.integers(0, 7))
    def write_spans(self, tenant: str, count: int, trace: int) -> None:
        numbers = range(self.number, self.number + count)
        self.number += count
        batch = traces(*(span(f"span {n}", trace=trace + n % 2, number=n) for n in numbers))
        self.sent.append((tenant, batch))
        self.take(tenant, batch)

    @rule(tenant=st.sampled_from(TENANTS), count=st.integers(1, 5), trace=st.integers(0, 7))
    def write_logs(self, tenant: str, count: int, trace: int) -> None:
        numbers = range(self.number, self.number + count)
        self.number += count
        self.take(tenant, logs(*(log_record(f"record {n}", trace=trace) for n in numbers)))

    @rule(back=st.integers(1, 20))
    def send_spans_again(self, back: int) -> None:
        if self.sent:
            self.take(*self.sent[-min(back, len(self.sent))])

    @rule(everything=st.booleans())
    def flush(self, everything: bool) -> None:
        try:
            self.engine.flush(everything=everything)
        except OSError:
            return
        if everything:
            self.now_safe()

    def now_safe(self) -> None:
        """All that was acknowledged is in segments."""

    def found_spans(self, tenant: str) -> dict:
        return readable_spans(self.disk, tenant, map(trace_id, range(9)))

    def found_records(self, tenant: str) -> dict:
        return readable_logs(self.disk, tenant, map(trace_id, range(9)))

    @invariant()
    def everything_acknowledged_is_there_once(self) -> None:
        for tenant in TENANTS:
            wanted = self.acknowledged[tenant]
            found = self.found_spans(tenant)
            assert wanted <= set(found)
            assert max(found.values(), default=1) == 1
            records = self.found_records(tenant)
            assert self.records[tenant] <= set(records) <= self.records[tenant] | self.unsure[tenant]
            assert max(records.values(), default=1) == 1


class StoreInIntervals(Store):
    """What was acknowledged since the last sync may be lost with the power, but nothing else.

    The interval is longer than an engine lives here: only segments are safe. What a power loss has left is on disk.
    """

    store = StoreSettings(durability="interval", interval=Duration(60))

    @initialize()
    def nothing_is_safe(self) -> None:
        self.safe: dict[str, tuple[set, set[str]]] = {tenant: (set(), set()) for tenant in TENANTS}

    def now_safe(self) -> None:
        self.safe = {tenant: (set(self.acknowledged[tenant]), set(self.records[tenant])) for tenant in TENANTS}

    def after_power_loss(self) -> None:
        for tenant, (spans, records) in self.safe.items():
            self.acknowledged[tenant] &= spans | set(self.found_spans(tenant))
            kept = self.records[tenant] & (records | set(self.found_records(tenant)))
            # What stands behind a hole in the log is found only when the log is flushed.
            self.unsure[tenant] |= self.records[tenant] - kept
            self.records[tenant] = kept
        self.now_safe()


TestStore = Store.TestCase
TestStore.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestStoreInIntervals = StoreInIntervals.TestCase
TestStoreInIntervals.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.slow
class TestStoreLonger(Store.TestCase):
    settings = settings(max_examples=1500, stateful_step_count=60, deadline=None)


@pytest.mark.slow
class TestStoreInIntervalsLonger(StoreInIntervals.TestCase):
    settings = settings(max_examples=1500, stateful_step_count=60, deadline=None)
