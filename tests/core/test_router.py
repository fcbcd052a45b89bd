"""The router: parts together are the whole, and what has the same key meets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import Router
from otelier.telemetry import Batch
from otelier.testing import counter, decode, gauge, items, log_record, logs, metrics, span, traces

MODULUS = 1000
OWNERS = 4
RING = (MODULUS, tuple(range(0, MODULUS, 10)), tuple(place // 10 % OWNERS for place in range(0, MODULUS, 10)))


def router(key, **keys):
    return Router(key, *RING, **keys)


def spans_of(batch):
    return [each for under in decode(batch).resource_spans for scope in under.scope_spans for each in scope.spans]


def names(values, size):
    return st.lists(st.sampled_from(values), min_size=1, max_size=size)


BATCHES = {
    "traces": names(range(40), 12).map(lambda ids: traces(*(span(trace=n, number=i) for i, n in enumerate(ids)))),
    "metrics": names(range(9), 12).map(
        lambda ids: metrics(*(gauge(f"m{n}", 1.0, 2.0, attributes={"a": n % 3}) for n in ids))
    ),
    "logs": names(range(40), 12).map(lambda ids: logs(*(log_record(n, trace=n or None) for n in ids))),
}
KEYS = [
    ("traces", "traceID", {}),
    ("traces", "service", {}),
    ("traces", "attributes", {"attributes": ["service.name", "span.name", "x"]}),
    ("logs", "traceID", {}),
    ("logs", "attributes", {"attributes": ["log.body"]}),
    ("metrics", "resource", {}),
    ("metrics", "metric", {}),
    ("metrics", "streamID", {}),
    ("metrics", "attributes", {"attributes": ["a"]}),
]


@pytest.mark.parametrize(("signal", "key", "keys"), KEYS)
@given(data=st.data())
def test_parts_together_are_the_whole(signal, key, keys, data):
    batch = Batch.join(data.draw(st.lists(BATCHES[signal], min_size=1, max_size=4)))
    parts = router(key, **keys).split(batch)
    assert sum(part.items for _, part in parts) == batch.items
    assert sum(part.digest() for _, part in parts) % 2**64 == batch.digest()
    owners = [owner for owner, _ in parts]
    assert owners == sorted(set(owners))
    assert all(part.items for _, part in parts)


@pytest.mark.parametrize(("signal", "key", "keys"), KEYS)
@given(data=st.data())
def test_what_is_split_again_stays_where_it_is(signal, key, keys, data):
    batch = data.draw(BATCHES[signal])
    route = router(key, **keys)
    for owner, part in route.split(batch):
        if signal == "logs" and key == "traceID" and b"\0" * 16 in part.trace_ids():
            continue  # what has no trace goes in turn
        assert [(each, again.items) for each, again in route.split(part)] == [(owner, part.items)]


@given(BATCHES["traces"], BATCHES["traces"])
def test_a_trace_meets_whatever_batch_it_comes_in(first, second):
    route = router("traceID")
    home = {}
    for batch in (first, second):
        for owner, part in route.split(batch):
            for each in spans_of(part):
                assert home.setdefault(each.trace_id, owner) == owner


def test_trace_ids_at_the_end_of_a_span_count_too():
    """The Collector writes fields from the last to the first."""
    batch = items("traces", 30)
    backwards = []
    for each in spans_of(batch):
        fields = each.SerializeToString()
        assert fields[:2] == b"\x0a\x10"
        backwards.append(fields[18:] + fields[:18])
    scope = b"".join(b"\x12" + _varint(len(each)) + each for each in backwards)
    resource = b"\x12" + _varint(len(scope)) + scope
    turned = Batch.from_otlp("traces", b"\x0a" + _varint(len(resource)) + resource)
    shares = [(owner, part.trace_ids()) for owner, part in router("traceID").split(batch)]
    assert [(owner, part.trace_ids()) for owner, part in router("traceID").split(turned)] == shares


def _varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def test_metadata_goes_with_every_part_and_one_way_is_no_copy():
    batch = items("traces", 50).with_metadata({"tenant": ("a",)})
    assert {dict(part.metadata)["tenant"] for _, part in router("traceID").split(batch)} == {("a",)}
    ((_, same),) = router("service").split(batch)
    assert same.to_otlp() == batch.to_otlp()


def test_the_key_of_a_service_is_written_as_the_version_says():
    batch = traces(span(), resource={"service.name": "shop"})
    ((bare, _),) = router("service", bare=True).split(batch)
    ((named, _),) = router("service").split(batch)
    assert bare == router("service").owner_of(b"shop")
    assert named == router("service").owner_of(b"service.name=shop|")
    ((missing, _),) = router("service").split(traces(span(), resource={}))
    assert missing == router("service").owner_of(b"service.name=|")


@pytest.mark.parametrize(
    ("batch", "key"),
    [
        (
            traces(span("GET /", kind="SERVER", attributes={"x": 7})),
            "region=eu|x=7|span.kind=Server|span.name=GET /|y=|",
        ),
        (logs(log_record("boom", severity="WARN", attributes={"x": True})), "region=eu|x=true|log.severity=WARN|y=|"),
        (metrics(gauge("g", 1.0, attributes={"x": 1.5})), "region=eu|x=1.5|y=|"),
    ],
)
@pytest.mark.proves("loadbalancing.routing_attributes")
def test_attributes_are_looked_for_in_resource_then_item_then_its_fields(batch, key):
    message = decode(batch)
    for under in (getattr(message, f"resource_{kind}", ()) for kind in ("spans", "logs", "metrics")):
        for resource in under:
            resource.resource.attributes.add(key="region").value.string_value = "eu"
    batch = Batch.from_otlp(batch.signal, message.SerializeToString())
    wanted = [each.partition("=")[0] for each in key.split("|")[:-1]]
    ((owner, _),) = router("attributes", attributes=wanted).split(batch)
    assert owner == router("service").owner_of(key.encode())


def test_the_resource_wins_over_the_span():
    batch = traces(span(attributes={"x": "span"}), resource={"x": "resource"})
    ((owner, _),) = router("attributes", attributes=["x"]).split(batch)
    assert owner == router("service").owner_of(b"x=resource|")


def test_a_series_is_known_by_all_that_makes_it_and_by_no_order():
    route = router("streamID")

    def owners(*each, **keys):
        return {owner for owner, _ in route.split(metrics(*each, **keys))}

    same = {"a": 1, "b": "x"}, {"b": "x", "a": 1}
    assert owners(gauge("m", 1.0, attributes=same[0])) == owners(gauge("m", 2.0, 3.0, attributes=same[1]))
    resources = {"k": 1, "l": 2}, {"l": 2, "k": 1}
    assert owners(gauge("m", 1.0), resource=resources[0]) == owners(gauge("m", 1.0), resource=resources[1])
    different = [
        owners(gauge("m", 1.0, attributes={"a": n}), resource={"r": r}, scope=scope).pop()
        for n in range(9)
        for r in range(3)
        for scope in ("s", "t")
    ]
    assert set(different) == set(range(OWNERS))
    kinds = [owners(kind(f"m{n}", 1.0)).pop() for n in range(9) for kind in (gauge, counter)]
    assert kinds[::2] != kinds[1::2]


def test_records_without_a_trace_go_in_turn_and_stay_together():
    route = router("traceID")
    batch = logs(*(log_record(n) for n in range(10)))
    owners = []
    for _ in range(2 * OWNERS):
        ((owner, part),) = route.split(batch)
        assert part.items == 10
        owners.append(owner)
    assert sorted(owners) == sorted(2 * list(range(OWNERS)))


def test_nothing_splits_into_nothing():
    assert router("traceID").split(Batch.from_otlp("traces", b"")) == []
