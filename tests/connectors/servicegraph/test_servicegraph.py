"""Calls are counted once both sides came, or one side's time is over."""

from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from otelier._core import ServiceGraph
from otelier.component import ComponentID
from otelier.config import decode, load
from otelier.connectors.servicegraph import ServiceGraphConnector
from otelier.connectors.servicegraph.config import ServiceGraphConfig
from otelier.telemetry import Batch
from otelier.testing import FakeClock, MemoryExporter, SimulatedStorage, component_context, span, traces

from ..metric_points import points
from ..spans_of_any_kind import REQUESTS, shuffled
from .oracle import Oracle, expected, read

KEPT = ComponentID("kept")
MS = 10**6
ORACLE = (
    "{dimensions: [http.method, kind], store: {ttl: 1us, max_items: 3}, virtual_node_extra_label: true,"
    " virtual_node_peer_attributes: [peer.service, db.name]}"
)


def config(text: str) -> ServiceGraphConfig:
    document = load([f"yaml:{text}"])
    return decode(ServiceGraphConfig, document.tree, (), document)


class Running:
    def __init__(self, text: str = "{}", storage: SimulatedStorage | None = None) -> None:
        self.clock = FakeClock()
        extensions = {KEPT: storage} if storage else {}
        self.ctx = component_context(
            "servicegraph", clock=self.clock, signal="traces", output_signal="metrics", extensions=extensions
        )
        self.out = MemoryExporter()
        self.connector = ServiceGraphConnector(config(text), self.ctx)
        self.connector.next = self.out
        self.connector.start()

    def consume(self, service: str, *spans, **resource) -> None:
        self.connector.consume(traces(*spans, resource={"service.name": service} | resource))

    def last(self, metric: str):
        return points(self.out.batches[-1]).get(f"traces_service_graph_request_{metric}", [])

    def calls(self) -> dict[tuple, int]:
        return {tuple(value for _, value in point.attributes): point.value for point in self.last("total")}

    def own(self, name: str) -> float:
        (metric,) = [m for m in self.ctx.meter.collect() if m.name == f"otelcol_connector_servicegraph_{name}"]
        (value,) = metric.values.values()
        return value


def client(number: int = 2, **more):
    return span("call", number=number, kind="CLIENT", duration_ns=30 * MS, **more)


def server(parent: int | None = 2, **more):
    return span("serve", number=9, parent=parent, kind="SERVER", duration_ns=20 * MS, **more)


@pytest.mark.proves("servicegraph.metrics_flush_interval")
def test_a_client_and_its_server_make_a_call_in_either_order():
    it = Running()
    it.consume("shop", client())
    it.consume("cart", server())
    it.consume("cart", server(trace=2, status="ERROR"))
    it.consume("shop", client(trace=2))
    it.clock.advance(60)
    assert it.calls() == {("shop", "cart", "", False): 1, ("shop", "cart", "", True): 1}
    (failed,) = it.last("failed_total")
    assert (failed["failed"], failed.value) == (True, 1)
    assert [(point.count, point.sum) for point in it.last("server")] == [(1, 0.02)] * 2
    assert [(point.count, point.sum) for point in it.last("client")] == [(1, 0.03)] * 2
    assert it.last("server")[0].bounds[:3] == (0.002, 0.004, 0.006)


@pytest.mark.proves("servicegraph.database_name_attributes")
def test_messages_and_databases():
    it = Running()
    it.consume("shop", span(number=3, kind="PRODUCER"))
    it.consume("mail", span(number=4, parent=3, kind="CONSUMER"))
    it.consume("shop", client(attributes={"db.name": "orders"}))
    it.clock.advance(60)
    assert it.calls() == {
        ("shop", "mail", "messaging_system", False): 1,
        ("shop", "orders", "database", False): 1,
    }


@pytest.mark.proves("servicegraph.{database_name_attribute,database_name_attributes}")
@pytest.mark.parametrize(
    ("keys", "called"),
    [
        ("", "orders"),
        ("database_name_attribute: db.system", "postgresql"),
        ("database_name_attributes: [db.system]", "postgresql"),
    ],
)
def test_what_names_a_database(keys, called):
    it = Running(f"{{{keys}}}")
    it.consume("shop", client(attributes={"db.name": "orders", "db.system": "postgresql"}))
    it.clock.advance(60)
    assert it.calls() == {("shop", called, "database", False): 1}


@pytest.mark.proves("servicegraph.latency_histogram_buckets")
def test_bounds_of_buckets():
    it = Running("{latency_histogram_buckets: [10ms, 20ms, 1s]}")
    it.consume("shop", client())
    it.consume("cart", server())
    it.clock.advance(60)
    assert [(point.bounds, point.buckets) for point in it.last("server")] == [((0.01, 0.02, 1), (0, 1, 0, 0))]


@pytest.mark.proves("servicegraph.{metrics_exporter,cache_loop,store_expiration_loop}")
@pytest.mark.parametrize("keys", ["metrics_exporter: debug", "cache_loop: 1ms", "store_expiration_loop: 1ms"])
def test_keys_without_effect_change_nothing(keys):
    it = Running(f"{{{keys}}}")
    it.consume("shop", client())
    it.clock.advance(1)
    it.consume("cart", server())
    it.clock.advance(60)
    assert it.calls() == {("shop", "cart", "", False): 1}


@pytest.mark.proves("servicegraph.{store.ttl,virtual_node_extra_label}")
def test_a_missing_side_becomes_a_virtual_node_when_its_time_is_over():
    it = Running("{virtual_node_extra_label: true}")
    it.consume("shop", server(parent=None))
    it.consume("shop", client(attributes={"peer.service": "bank"}), client(number=5))
    it.consume("cart", server(parent=77))
    it.clock.advance(60)
    assert it.calls() == {
        ("user", "shop", "virtual_node", False, "client"): 1,
        ("shop", "bank", "virtual_node", False, "server"): 1,
        ("shop", "unknown", "virtual_node", False, "server"): 1,
    }
    assert (it.own("total_edges"), it.own("expired_edges")) == (4, 4)


@pytest.mark.proves("servicegraph.virtual_node_peer_attributes")
def test_without_peer_attributes_there_are_no_virtual_nodes():
    it = Running("{virtual_node_peer_attributes: []}")
    it.consume("shop", client())
    it.clock.advance(60)
    assert it.out.batches == []
    assert it.own("expired_edges") == 1


@pytest.mark.proves("servicegraph.dimensions")
def test_dimensions_are_those_of_both_sides():
    it = Running("{dimensions: [zone, http.route]}")
    it.consume("shop", client(attributes={"zone": "no", "http.route": 7}), zone="a")
    it.consume("cart", server(), zone="b")
    it.clock.advance(60)
    (point,) = it.last("total")
    assert point.attributes[4:] == (("client_zone", "a"), ("server_zone", "b"), ("client_http.route", "7"))


@pytest.mark.proves("servicegraph.store.max_items")
def test_spans_beyond_the_limit_are_told():
    it = Running("{store: {max_items: 1}}")
    it.consume("shop", client(2), client(3))
    assert it.own("dropped_spans") == 1


@pytest.mark.proves("servicegraph.metrics_flush_interval")
def test_an_interval_of_0_hands_on_with_every_batch():
    it = Running("{metrics_flush_interval: 0s}")
    it.consume("shop", client())
    it.consume("cart", server())
    assert [batch.items for batch in it.out.batches] == [3]


@pytest.mark.proves("servicegraph.exponential_histogram_max_size")
def test_exponential_histograms():
    it = Running("{exponential_histogram_max_size: 4}")
    it.consume("shop", client(), client(3))
    it.consume("cart", server(2), server(3))
    it.clock.advance(60)
    assert (it.last("server")[0].count, it.last("server")[0].scale, it.last("server")[0].buckets) == (2, 20, (2,))


def test_a_clock_that_is_set_back_keeps_nothing_waiting():
    graph = ServiceGraph(config("{}").options())
    for now_ns in (10**18, 10**18 - 3600 * 10**9):
        batch = traces(span(kind="CLIENT", number=now_ns % 10**9 + 1), resource={"service.name": "shop"})
        graph.consume(batch, now_ns)
    assert (graph.stats()["expired_edges"], graph.stats()["waiting"]) == (1, 1)


def test_series_without_calls_are_forgotten_after_15_minutes():
    it = Running()
    it.consume("shop", client(attributes={"db.name": "orders"}))
    it.clock.advance(16 * 60)
    before = len(it.out.batches)
    it.clock.advance(60)
    assert len(it.out.batches) == before


def test_the_stop_counts_what_waits():
    it = Running()
    it.consume("shop", server(parent=None))
    it.connector.stop(10)
    assert it.calls() == {("user", "shop", "virtual_node", False): 1}


@pytest.mark.proves("servicegraph.storage")
def test_what_waits_and_what_was_counted_outlive_a_kill():
    storage = SimulatedStorage()
    text = "{storage: kept, store: {ttl: 1h}}"
    it = Running(text, storage)
    it.consume("shop", client(), client(trace=2))
    it.consume("cart", server(trace=2))
    it.clock.advance(60)
    storage.disk.crash(1)
    it = Running(text, storage)
    it.consume("cart", server())
    storage.disk.crash(2)
    it = Running(text, storage)
    it.clock.advance(60)
    assert it.calls() == {("shop", "cart", "", False): 2}


@pytest.mark.parametrize("text", ["{store: {ttl: -1s}}", "{latency_histogram_buckets: [2ms, 1ms]}"])
def test_what_makes_no_sense_is_refused(text):
    with pytest.raises(Exception, match="must"):
        config(text)


@settings(max_examples=150, phases=[Phase.generate])
@given(st.lists(REQUESTS, max_size=6), st.integers(0, 2**32))
def test_metrics_are_those_of_the_second_implementation(requests, seed):
    """But for lists and maps, whose text is not promised."""
    oracle, core, random = Oracle(), ServiceGraph(config(ORACLE).options()), Random(seed)
    now = 0
    for request in requests:
        for under in request.resource_spans:
            holders = [under.resource, *(span for scope in under.scope_spans for span in scope.spans)]
            for each in (attribute for holder in holders for attribute in holder.attributes):
                if each.value.WhichOneof("value") in ("array_value", "kvlist_value"):
                    each.value.string_value = "text"
        now += random.choice([0, 400, 1500])
        oracle.consume(request, now)
        core.consume(Batch.from_otlp("traces", shuffled(request, random)), now)
        if random.random() < 0.2:
            state, core = core.snapshot(), ServiceGraph(config(ORACLE).options())
            assert core.restore(state)
        if random.random() < 0.5:
            oracle.expire(now)
            assert read(points(core.flush(now))) == expected(oracle)
    oracle.expire(now + 10**6)
    assert read(points(core.flush(now + 10**6))) == expected(oracle)
