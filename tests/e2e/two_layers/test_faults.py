"""A sampler is killed and comes back, in the middle of the load: nothing is lost, and what comes twice comes whole."""

import threading
import time

import pytest

from . import seeded
from .conftest import METRICS, TAIL, Deployment
from .test_steady import RATE, until

pytestmark = [pytest.mark.shared, pytest.mark.slow, pytest.mark.timeout(400)]
LOSSES = r"dropped|failed|refused|rejected|too_early|evicted"


def test_a_sampler_is_killed_and_comes_back(durable_deployment: Deployment):
    deployment = durable_deployment
    made = seeded.traces(15 * RATE, seed=6)
    sending = threading.Thread(target=deployment.send, args=(list(seeded.requests(made)), 15))
    sending.start()
    time.sleep(8)
    deployment.tail[0].kill()
    time.sleep(1)  # Kubernetes hears of it later than layer 1 does
    deployment.announce(TAIL[1:], METRICS)
    time.sleep(3)
    deployment.tail[0].start()
    deployment.tail[0].until_ready()
    deployment.announce(TAIL, METRICS)
    sending.join()

    calls = seeded.calls(made)
    until(lambda: sum(found.total() for found in deployment.calls().values()) >= calls.total(), within_s=120)
    assert sum(deployment.calls().values(), type(calls)()) == calls, "metrics do not hear of a sampler's death"

    expected = {trace.id: len(trace.spans) for trace in made if trace.kept}
    until(lambda: all(deployment.store.all_spans()[id_] >= count for id_, count in expected.items()), within_s=120)
    time.sleep(3)
    found = deployment.store.all_spans()
    assert set(found) == set(expected), "the kept set is the same as without the kill"
    lost = {id_.hex(): count - found[id_] for id_, count in expected.items() if found[id_] < count}
    assert not lost
    # What a sampler had taken when it was killed, but not answered, layer 1 sent to the other one, too.
    assert all(found[id_] % count == 0 for id_, count in expected.items()), "what comes twice comes whole"
    for pod in deployment.pods:
        assert pod.counters(LOSSES) == {}, pod.address
