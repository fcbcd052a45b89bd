"""Write, flush, merge, delete, fail, crash, reopen in any order: what was acknowledged is readable, as it came last."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from otelier.component import Meter, OtelierError
from otelier.storage.metrics import MetricsEngine
from otelier.storage.settings import StoreSettings

from ..machine import TENANTS, EngineMachine
from .series import readable, samples

METRICS = ("a", "b", "c")
HOUR_MS = 3_600_000


class Store(EngineMachine):
    """Values are numbered, so that each is known again."""

    @initialize()
    def open_first(self) -> None:
        self.make_disk()
        self.start_ms = self.clock.time_ns() // 10**6
        self.there: dict[str, dict[tuple[str, int], float]] = {tenant: {} for tenant in TENANTS}
        self.unsure: dict[str, set[tuple[str, int, float]]] = {tenant: set() for tenant in TENANTS}
        """May be there or not: an append of theirs has failed."""
        self.reopen()

    def reopen(self) -> None:
        self.engine = MetricsEngine(self.disk, self.clock, StoreSettings(), Meter())

    @rule(
        tenant=st.sampled_from(TENANTS),
        metric=st.sampled_from(METRICS),
        ago=st.sampled_from([0, 0, 0, 1, 3, 30]),
        count=st.integers(1, 4),
        second=st.integers(0, 5),
    )
    def write(self, tenant: str, metric: str, ago: int, count: int, second: int) -> None:
        first = self.start_ms - ago * HOUR_MS + second * 1000
        given = [(metric, first + n, float(self.number + n)) for n in range(count)]
        self.number += count
        try:
            self.engine.append(tenant, samples(*given))
        except OtelierError:
            self.unsure[tenant] |= set(given)
            return
        for name, time_ms, value in given:
            self.there[tenant][name, time_ms] = value
            self.unsure[tenant] = {each for each in self.unsure[tenant] if each[:2] != (name, time_ms)}

    @rule()
    def flush(self) -> None:
        try:
            self.engine.flush()
        except OSError:
            return

    @rule(tenant=st.sampled_from(TENANTS), metric=st.sampled_from(METRICS))
    def delete(self, tenant: str, metric: str) -> None:
        try:
            self.engine.delete(tenant, [[("__name__", "=", metric)]], 0, 2**50)
        except (OSError, OtelierError):
            done = False
        else:
            self.clock.advance(0)
            done = self.engine.until_deleted(0)
        if not done:
            # It may have been noted: then it is done later.
            mine = {key: value for key, value in self.there[tenant].items() if key[0] == metric}
            self.unsure[tenant] |= {(*key, value) for key, value in mine.items()}
        self.there[tenant] = {key: value for key, value in self.there[tenant].items() if key[0] != metric}

    @invariant()
    def what_was_acknowledged_is_there_and_nothing_else(self) -> None:
        for tenant in TENANTS:
            found, wanted = readable(self.disk, tenant), self.there[tenant]
            unsure = {(*key, value) for key, value in found.items()} & self.unsure[tenant]
            sure = {key: value for key, value in found.items() if (*key, value) not in unsure}
            missing = wanted.keys() - found.keys()
            assert not missing
            assert sure.items() <= wanted.items()


TestStore = Store.TestCase
TestStore.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.mark.slow
class TestStoreLonger(Store.TestCase):
    settings = settings(max_examples=1000, stateful_step_count=60, deadline=None)
