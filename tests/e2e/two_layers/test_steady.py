"""The two-layer deployment as users run it: nothing is split, the right traces are kept, every span is counted."""

import time

import pytest

from . import seeded
from .conftest import METRICS, Deployment

pytestmark = [pytest.mark.shared, pytest.mark.timeout(240)]
RATE = 1000
"""Traces a second."""
WAIT_S = 90


def until(true, within_s: float = WAIT_S) -> None:
    end = time.monotonic() + within_s
    while not true() and time.monotonic() < end:
        time.sleep(0.2)


def test_the_steady_state_is_exact(deployment: Deployment):
    made = seeded.traces(8 * RATE, seed=5)
    deployment.send(list(seeded.requests(made)), seconds=8)
    kept = {trace.id: len(trace.spans) for trace in made if trace.kept}
    calls = seeded.calls(made)
    until(lambda: deployment.store.all_spans().total() >= sum(kept.values()))
    until(lambda: sum(found.total() for found in deployment.calls().values()) >= calls.total())

    store = deployment.store
    assert dict(store.all_spans()) == kept, "the kept set is what the policies say, to the last span"
    first, second = (set(spans) for spans in store.spans.values())
    assert first and second and not first & second, "no trace is split between the two samplers"
    assert store.removed_attributes == 0
    by_backend = deployment.calls()
    assert sum(by_backend.values(), type(calls)()) == calls, "every span before sampling is counted"
    assert not set(by_backend[METRICS[0]]) & set(by_backend[METRICS[1]]), "each service is counted in one place"
    external = {dict(labels).get("key_") for sink in deployment.sinks.values() for labels in sink.samples}
    assert external == {"추가로_원하는값"}, (
        "a label that has no letter Prometheus knows arrives by the translation rules"
    )
    assert all(pod.running for pod in deployment.pods)
