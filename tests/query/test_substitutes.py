"""A kept trace in the place of one that is not: of the same service, name, kind and status, and the nearest of them."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otelier.component import Meter, SystemClock
from otelier.query.gate import Gate
from otelier.query.snapshot import Snapshot
from otelier.query.substitutes import FAR_NS, NEAR_NS, Measured, Substitutes
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.testing import span, span_id, trace_id, traces
from otelier.testing.telemetry import START_NS

KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT"]
STATUSES = ["UNSET", "OK", "ERROR"]
SECOND = 10**9


class Store:
    """A new tenant for each example, because a store can't forget."""

    def __init__(self, directory: Path) -> None:
        self.engine = open_store(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())
        self.snapshot = Snapshot(directory)
        self.substitutes = Substitutes(self.snapshot, Gate(2, 10))
        self.tenants = 0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("data"))
    yield store
    close_store(store.engine)


seconds = st.one_of(
    st.integers(-30, 30), st.sampled_from([-90_000, -86_000, -4000, -601, -599, 599, 601, 86_000, 90_000])
)
lengths = st.integers(0, 40).map(lambda power: int(1.37**power * 1000))
kept = st.tuples(
    st.sampled_from(["shop", "cart"]), st.sampled_from(["a", "b"]), st.sampled_from(KINDS), st.sampled_from(STATUSES),
    seconds, lengths,
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spans=st.lists(kept, max_size=12), wanted=kept, timed=st.booleans(), partly=st.booleans())
def test_it_is_the_best_of_all_that_are_kept(store: Store, spans, wanted, timed: bool, partly: bool) -> None:
    tenant = f"t{store.tenants}"
    store.tenants += 1
    for number, (service, name, kind, status, at_s, length) in enumerate(spans):
        made = span(
            name, trace=number, number=number, start_ns=START_NS + at_s * SECOND + number, duration_ns=length,
            kind=kind, status=status,
        )  # fmt: skip
        store.engine.append(tenant, traces(made, resource={"service.name": service}))
    service, name, kind, status, at_s, length = wanted
    moment = START_NS + at_s * SECOND
    measured = Measured(
        service,
        "" if partly else name,
        None if partly else KINDS.index(kind),
        None if partly else STATUSES.index(status),
        length if timed else None,
        moment,
    )

    def place(number: int) -> tuple[bool, bool, float, int]:
        """Where a span stands in the order that the module promises."""
        apart = abs(START_NS + spans[number][4] * SECOND + number - moment)
        far = round(abs(math.log2(spans[number][5] / length))) if timed else 0
        return far > 0, apart > NEAR_NS, far, apart

    same = [
        number
        for number, each in enumerate(spans)
        if each[0] == service and (partly or each[1:4] == (name, kind, status)) and place(number)[3] <= FAR_NS
    ]
    found = store.substitutes.nearest(tenant, measured)
    if not same:
        assert found is None
        return
    assert found is not None
    [chosen] = [number for number in range(len(spans)) if trace_id(number) == found.trace_id]
    assert chosen in same
    assert place(chosen) == min(map(place, same))
    assert (found.span_id, found.duration_ns) == (span_id(chosen), spans[chosen][5])


def test_a_trace_is_kept_if_any_of_it_is(store: Store) -> None:
    store.engine.append("k", traces(span(trace=77, number=5)))
    assert store.substitutes.is_kept("k", trace_id(77))
    assert not store.substitutes.is_kept("k", trace_id(78))
    assert not store.substitutes.is_kept("l", trace_id(77))
