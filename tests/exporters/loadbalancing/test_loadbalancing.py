"""loadbalancing: all of a key to one backend, nothing lost, nothing twice, every item in one counter."""

import socket
import threading

import pytest

from otelier.component import (
    ComponentID,
    CustodyKind,
    Duration,
    OtelierError,
    Permanent,
    Refused,
    Rejected,
    Retryable,
    StartError,
    SystemClock,
)
from otelier.exporters.loadbalancing.health import Health
from otelier.exporters.loadbalancing.settings import HealthSettings, K8sSettings, ResolverSettings
from otelier.sending import BatchSettings, QueueSettings, RetrySettings, TlsClientSettings
from otelier.telemetry import SIGNALS
from otelier.testing import FakeClock, FakeKubernetes, SimulatedStorage, component_context, items, span, traces

from .conftest import digest

QUICK = RetrySettings(initial_interval=Duration(0.01), max_interval=Duration(0.05), max_elapsed_time=Duration(0))
LEAVES = HealthSettings(leave_after=Duration(3), return_after=Duration(10), interval=Duration(5))


def many(count=300, *, first=0):
    return items("traces", count, first=first)


def settle(sinks, count):
    """Until so many items have come, wherever."""
    done = threading.Event()
    while not done.wait(0.01):
        if sum(sink.items for sink in sinks) >= count:
            done.set()


# -- the way of a batch -------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "round_robin"])
@pytest.mark.parametrize("signal", SIGNALS)
def test_what_arrives_is_what_was_given(sinks, balance, totals, signal, key):
    three = sinks(3)
    exporter = balance(*three, signal=signal, routing_key=key)
    batches = [items(signal, 60, first=60 * n) for n in range(6)]
    for batch in batches:
        exporter.consume(batch)
    settle(three, 360)
    assert digest(*three) == sum(batch.digest() for batch in batches) % 2**64
    (sent,) = totals(exporter).values()
    assert sent == 360


@pytest.mark.proves("loadbalancing.routing_key", "loadbalancing.resolver.static.hostnames")
def test_a_trace_meets_at_one_backend_and_all_have_some(sinks, balance):
    three = sinks(3)
    exporter = balance(*three)
    for part in range(4):
        exporter.consume(traces(*(span(trace=n, number=10 * n + part) for n in range(100))))
    settle(three, 400)
    homes = {}
    for sink in three:
        assert sink.items
        for batch in sink.batches:
            ids = batch.trace_ids()
            for at in range(0, len(ids), 16):
                assert homes.setdefault(ids[at : at + 16], sink) is sink
    assert len(homes) == 100


@pytest.mark.proves("loadbalancing.routing_key")
def test_round_robin_gives_whole_batches_in_turn(sinks, balance):
    three = sinks(3)
    exporter = balance(*three, routing_key="round_robin", signal="logs")
    for n in range(9):
        exporter.consume(items("logs", 10, first=10 * n))
    settle(three, 90)
    assert [[batch.items for batch in sink.batches] for sink in three] == [[10, 10, 10]] * 3


def test_without_queues_the_sender_is_answered_when_all_backends_have(sinks, balance, totals, no_queue):
    three = sinks(3)
    exporter = balance(*three, otlp={"sending_queue": no_queue})
    batch = many()
    exporter.consume(batch)
    assert digest(*three) == batch.digest()
    assert totals(exporter) == {"sent_spans": 300}
    assert exporter.custody().kind == CustodyKind.FORWARDS


def test_with_queues_custody_is_theirs(sinks, balance):
    assert balance(*sinks(1)).custody().kind == CustodyKind.BUFFERS


def test_a_key_that_cannot_route_the_signal_is_refused(balance):
    with pytest.raises(OtelierError, match="traceID can't route metrics"):
        balance("a:1", signal="metrics", routing_key="traceID")


def test_tls_files_are_checked_at_the_start(balance):
    with pytest.raises(StartError):
        balance("a:1", otlp={"tls": TlsClientSettings(ca_file="/nowhere")})


# -- parts that fail ----------------------------------------------------------------------------


def test_only_the_part_that_failed_is_offered_again(sinks, balance, totals, no_queue):
    three = sinks(3)
    three[1].takes = False
    clock = FakeClock()
    exporter = balance(*three, clock=clock, otlp={"sending_queue": no_queue})
    batch = many()
    sender = threading.Thread(target=exporter.consume, args=(batch,))
    sender.start()
    clock.until_waiting()
    assert len(three[0].batches) == len(three[2].batches) == three[1].refused == 1
    three[1].takes = True
    clock.advance(10)
    sender.join(20)
    assert [len(sink.batches) for sink in three] == [1, 1, 1]
    assert digest(*three) == batch.digest()
    assert totals(exporter) == {"sent_spans": 300}


def test_a_part_that_is_given_up_is_told_as_partial_success(sinks, balance, totals, no_queue):
    three = sinks(3)
    three[1].takes = False
    exporter = balance(*three, otlp={"sending_queue": no_queue, "retry_on_failure": RetrySettings(enabled=False)})
    with pytest.raises(Rejected) as caught:
        exporter.consume(many())
    lost = 300 - three[0].items - three[2].items
    assert caught.value.items == lost > 0
    assert totals(exporter) == {"sent_spans": 300 - lost, "send_failed_spans/no_retry": lost}


def test_if_nobody_takes_anything_the_sender_may_offer_all_again(sinks, balance, totals, no_queue):
    two = sinks(2)
    for sink in two:
        sink.takes = False
    exporter = balance(*two, otlp={"sending_queue": no_queue, "retry_on_failure": RetrySettings(enabled=False)})
    with pytest.raises(Retryable) as caught:
        exporter.consume(many())
    assert not isinstance(caught.value, Refused)
    assert totals(exporter) == {"send_failed_spans/no_retry": 300}


def test_a_full_queue_refuses_the_whole_batch_so_nobody_gets_it_twice(sinks, balance, totals):
    three = sinks(3)
    three[1].takes = False
    clock = FakeClock()
    exporter = balance(*three, clock=clock, otlp={"sending_queue": QueueSettings(queue_size=2)})
    exporter.consume(many())
    exporter.consume(many(first=300))
    three[0].until(lambda: len(three[0].batches) == 2)
    three[2].until(lambda: len(three[2].batches) == 2)
    with pytest.raises(Refused):
        exporter.consume(many(first=600))
    clock.until_waiting(2)
    three[1].takes = True
    clock.advance(10)
    settle(three, 600)
    assert digest(*three) == (many().digest() + many(first=300).digest()) % 2**64
    assert totals(exporter) == {"sent_spans": 600, "enqueue_failed_spans/queue": 300}


def test_a_queue_of_its_own_keeps_what_no_backends_queue_takes(sinks, balance, totals):
    (sink,) = sinks(1)
    sink.takes = False
    clock = FakeClock()
    exporter = balance(
        sink,
        clock=clock,
        otlp={"sending_queue": QueueSettings(queue_size=1)},
        sending_queue=QueueSettings(queue_size=10),
        retry_on_failure=QUICK,
    )
    for n in range(5):
        exporter.consume(many(10, first=10 * n))
    clock.until_waiting(5)
    sink.takes = True
    beat = threading.Event()
    while sink.items < 50:
        clock.advance(1)
        beat.wait(0.02)
    assert digest(sink) == sum(many(10, first=10 * n).digest() for n in range(5)) % 2**64
    assert totals(exporter) == {"sent_spans": 50}


def test_a_batch_that_no_queue_can_ever_hold_is_an_error(sinks, balance):
    exporter = balance(*sinks(2), otlp={"sending_queue": QueueSettings(queue_size=5, sizer="items")})
    with pytest.raises(Permanent, match="larger than the whole"):
        exporter.consume(many())


# -- health -------------------------------------------------------------------------------------


@pytest.mark.proves("loadbalancing.health.leave_after")
def test_what_waits_for_a_dead_backend_moves_to_the_others(sinks, balance, totals):
    three = sinks(3)
    clock = FakeClock()
    exporter = balance(*three, clock=clock, health=LEAVES)
    three[1].die()
    batches = [many(30, first=30 * n) for n in range(20)]
    for batch in batches:
        exporter.consume(batch)
    clock.until_waiting()
    clock.until_timer("health")
    clock.advance(3)
    alive = [three[0], three[2]]
    settle(alive, 600)
    assert digest(*alive) == sum(batch.digest() for batch in batches) % 2**64
    found = totals(exporter)
    assert found.pop("sent_spans") == 600
    assert set(found) == {"loadbalancer_rerouted_spans/unhealthy"}


@pytest.mark.proves("loadbalancing.health.return_after")
def test_a_backend_that_left_comes_back(sinks, balance):
    two = sinks(2)
    clock = FakeClock()
    exporter = balance(*two, clock=clock, health=LEAVES)
    two[1].die()
    for _ in range(3):
        exporter.consume(many(40))
    clock.until_timer("health")
    clock.advance(3)
    settle([two[0]], 120)
    two[1].up()
    clock.advance(10)  # out long enough, and the probe works
    exporter.consume(many(40))
    two[1].until(lambda: two[1].items > 0)


def test_who_refuses_is_alive_and_stays(sinks, balance, totals):
    two = sinks(2)
    two[1].takes = False
    clock = FakeClock()
    exporter = balance(*two, clock=clock, health=LEAVES)
    exporter.consume(many())
    for _ in range(5):
        clock.until_waiting()
        clock.advance(20)
    two[1].takes = True
    clock.until_waiting()
    clock.advance(60)
    settle(two, 300)
    assert totals(exporter) == {"sent_spans": 300}


def test_if_all_fail_all_stay_and_nothing_moves_in_circles(sinks, balance, totals):
    two = sinks(2)
    clock = FakeClock()
    exporter = balance(*two, clock=clock, health=LEAVES)
    for sink in two:
        sink.die()
    exporter.consume(many())
    clock.until_waiting(2)
    for _ in range(4):
        clock.advance(10)
    for sink in two:
        sink.up()
    # Time goes on slowly enough for attempts to be made before the retries' time is over.
    beat = threading.Event()
    while sum(sink.items for sink in two) < 300:
        clock.advance(1)
        beat.wait(0.02)
    assert totals(exporter)["sent_spans"] == 300
    assert digest(*two) == many().digest()


@pytest.mark.parametrize("probe", ["connect", "grpc"])
@pytest.mark.proves("loadbalancing.health.probe", "loadbalancing.health.interval")
def test_probes_find_a_dead_backend_without_any_send(sinks, balance, probe):
    two = sinks(2)
    clock = FakeClock()
    keys = {"leave_after": Duration(4), "return_after": Duration(10), "probe": probe, "interval": Duration(2)}
    exporter = balance(*two, clock=clock, health=HealthSettings(**keys))
    two[1].die()
    for _ in range(4):
        clock.advance(2)
    exporter.consume(many(50))
    settle([two[0]], 50)
    two[1].up()
    for _ in range(8):
        clock.advance(2)
    exporter.consume(many(50))
    two[1].until(lambda: two[1].items > 0)


@pytest.mark.proves("loadbalancing.health.timeout")
def test_a_probe_without_an_answer_is_given_up(sinks, balance):
    [alive] = sinks(1)
    clock = FakeClock()
    keys = {"leave_after": Duration(4), "probe": "grpc", "interval": Duration(2), "timeout": Duration(0.1)}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        exporter = balance(alive, endpoint, clock=clock, health=HealthSettings(**keys))
        for _ in range(4):
            clock.advance(2)
        exporter.consume(many(50))
        settle([alive], 50)


# -- restarts -----------------------------------------------------------------------------------


def stored(balance, disk, *sinks, **keys):
    storage = {ComponentID.parse("disk"): disk}
    otlp = {"sending_queue": QueueSettings(storage=ComponentID.parse("disk"))}
    return balance(*sinks, otlp=otlp, extensions=storage, **keys)


def test_what_was_kept_for_a_backend_that_is_gone_goes_to_the_others(sinks, balance, totals):
    three = sinks(3)
    three[1].die()
    disk = SimulatedStorage()
    first = stored(balance, disk, *three)
    batch = many()
    first.consume(batch)
    alive = [three[0], three[2]]
    for sink in alive:
        sink.until(lambda sink=sink: sink.items > 0)
    first.ctx.clock.until_waiting()
    first.prepare_stop(60)
    first.stop(60)
    left = totals(first)["exporter_left_items"]
    assert 0 < left == 300 - sum(sink.items for sink in alive)
    second = stored(balance, disk, *alive)
    settle(alive, 300)
    assert digest(*alive) == batch.digest()
    assert totals(second)["exporter_restored_items"] == left
    assert totals(second)["sent_spans"] == left


# -- under load ---------------------------------------------------------------------------------


QUEUES = {
    "plain": QueueSettings(),
    "batching": QueueSettings(batch=BatchSettings(flush_timeout=Duration(0.01), min_size=60, max_size=100)),
    "stored": QueueSettings(storage=ComponentID.parse("disk")),
    "none": QueueSettings(enabled=False),
}


@pytest.mark.parametrize("queue", QUEUES)
def test_backends_come_and_go_under_load_and_every_span_arrives_once(sinks, balance, totals, queue):
    """Nobody dies with a request in hand here, so no answer is lost and nothing may arrive twice."""
    four = sinks(4)
    otlp = {"retry_on_failure": QUICK, "sending_queue": QUEUES[queue]}
    extensions = {ComponentID.parse("disk"): SimulatedStorage()}
    exporter = balance(*four, clock=SystemClock(), otlp=otlp, extensions=extensions)
    endpoints = [sink.endpoint for sink in four]
    over = threading.Event()
    resolved = exporter._balancer.resolved  # as resolvers do, which all take longer

    def shuffle():
        number = 0
        while not over.is_set():
            number += 1
            four[number % 4].takes = number % 3 != 0
            resolved([each for at, each in enumerate(endpoints) if at != number % 4])
            over.wait(0.003)

    def send(thread):
        for n in range(40):
            exporter.consume(many(25, first=100_000 * thread + 25 * n))

    chaos = threading.Thread(target=shuffle)
    senders = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
    for each in (chaos, *senders):
        each.start()
    for each in senders:
        each.join()
    over.set()
    chaos.join()
    for sink in four:
        sink.takes = True
    settle(four, 4000)
    batches = [many(25, first=100_000 * thread + 25 * n) for thread in range(4) for n in range(40)]
    assert digest(*four) == sum(batch.digest() for batch in batches) % 2**64
    found = totals(exporter)
    assert found.pop("sent_spans") == 4000
    assert {name.partition("/")[0] for name in found} <= {"loadbalancer_rerouted_spans"}


def test_its_own_metrics_tell_it_from_other_balancers(sinks, balance):
    exporter = balance(*sinks(2))
    exporter.consume(many(10))
    own = {"exporter": str(exporter.ctx.id), "data_type": "traces"}
    found = [each for each in exporter.ctx.meter.collect() if each.name.startswith("otelcol_loadbalancer_")]
    assert {each.name for each in found} >= {
        "otelcol_loadbalancer_num_backends",
        "otelcol_loadbalancer_num_resolutions",
    }
    for each in found:
        assert all(own.items() <= dict(labels).items() for labels in each.values), each.name


def test_what_cannot_be_sent_before_the_deadline_is_dropped_and_counted(sinks, balance, totals):
    two = sinks(2)
    two[1].die()
    exporter = balance(*two, clock=FakeClock(auto_advance=True))
    exporter.consume(many())
    exporter.prepare_stop(0)
    exporter.stop(0)
    found = totals(exporter)
    assert sum(found.values()) == 300
    # What was on its way at the deadline may have arrived all the same.
    assert found.get("sent_spans", 0) <= two[0].items


@pytest.mark.proves("loadbalancing.resolver.k8s.service", "loadbalancing.resolver.k8s.kubeconfig")
def test_before_backends_are_known_what_comes_is_kept(sinks, balance, totals, tmp_path):
    (sink,) = sinks(1)
    host, _, port = sink.endpoint.rpartition(":")
    clock = FakeClock()
    with FakeKubernetes() as kubernetes:
        file = kubernetes.write_kubeconfig(tmp_path / "kubeconfig")
        kubernetes.go_down()
        service = K8sSettings(service="collector.test", ports=(int(port),), kubeconfig=str(file))
        exporter = balance(clock=clock, resolver=ResolverSettings(k8s=service))
        batch = many()
        exporter.consume(batch)
        kubernetes.go_down(down=False)
        kubernetes.set_endpoints("test", "collector", {host: True})
        beat = threading.Event()
        while sink.items < 300:
            clock.advance(60)
            beat.wait(0.01)
        assert digest(sink) == batch.digest()
        found = totals(exporter)
        assert found.pop("sent_spans") == 300
        assert sum(found.values()) == 300  # moved to the first backend


def test_a_list_of_which_nothing_can_be_used_leaves_those_in_use(sinks, balance, totals, caplog):
    (sink,) = sinks(1)
    exporter = balance(sink, clock=SystemClock())
    exporter._balancer.resolved(["not a host"])
    assert "can't be used" in caplog.text
    exporter.consume(many(30))
    sink.until(lambda: sink.items == 30)
    assert totals(exporter) == {"sent_spans": 30}


def test_backends_are_asked_side_by_side():
    """One after the other, the first would wait in vain for the others."""
    clock, asked, changes = FakeClock(), threading.Barrier(3), []

    def probe(endpoint, kind, timeout_s, anew):
        asked.wait(10)
        return "dead"

    settings = HealthSettings(probe="connect", interval=Duration(1), leave_after=Duration(1))
    health = Health(component_context("loadbalancing", clock=clock), settings, probe, lambda: changes.append(1))
    health.watch(["a", "b", "c"])
    clock.advance(3)
    assert health.out == {"a", "b", "c"} and changes
    health.stop()
