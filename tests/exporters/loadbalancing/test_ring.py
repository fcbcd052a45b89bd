"""The ring is the Collector's, bit for bit; who comes or goes moves no more than its own share."""

import zlib
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otelier._core import Router
from otelier.exporters.loadbalancing.ring import LAYOUTS, ring_table
from otelier.testing import trace_id

HOSTS = [f"127.0.0.1:{port}" for port in (14317, 14327, 14337)]
VERSIONS = sorted(LAYOUTS)
ENDPOINTS = st.lists(
    st.from_regex(r"[a-z0-9.-]{1,12}(:[0-9]{4})?", fullmatch=True), min_size=1, max_size=9, unique=True
)


def owner(table, key):
    """By the definition, with the standard library's CRC-32."""
    place = bisect_left(table.positions, zlib.crc32(key) % table.modulus)
    return table.owners[place % len(table.owners)]


@pytest.mark.proves("loadbalancing.ring")
def test_collector_0_155_shares_3000_traces_like_v1():
    """What each of three sinks got from otelcol-contrib 0.155.0, for the ids of `otelier.testing.trace_id`."""
    table = ring_table(HOSTS, "v1")
    owners = [owner(table, trace_id(number)) for number in range(3000)]
    assert [owners.count(each) for each in range(3)] == [905, 991, 1104]


def test_collector_0_155_shares_300_services_like_v1():
    table = ring_table(HOSTS, "v1")
    owners = [owner(table, b"svc-%d" % number) for number in range(300)]
    assert [owners.count(each) for each in range(3)] == [100, 96, 104]


def test_two_rings_disagree_about_two_thirds():
    first, second = (ring_table(HOSTS, version) for version in VERSIONS)
    moved = sum(owner(first, trace_id(n)) != owner(second, trace_id(n)) for n in range(5000))
    assert 0.6 < moved / 5000 < 0.72


@pytest.mark.parametrize("version", VERSIONS)
@given(endpoints=ENDPOINTS, keys=st.lists(st.binary(max_size=40), min_size=1, max_size=50))
def test_the_router_agrees_with_the_definition(version, endpoints, keys):
    table = ring_table(endpoints, version)
    router = Router("traceID", table.modulus, table.positions, table.owners)
    assert [router.owner_of(key) for key in keys] == [owner(table, key) for key in keys]


@pytest.mark.parametrize("version", VERSIONS)
@given(endpoints=ENDPOINTS)
def test_every_endpoint_has_all_its_points_each_at_its_own_place(version, endpoints):
    table = ring_table(endpoints, version)
    points = LAYOUTS[version].points
    assert [table.owners.count(each) for each in range(len(endpoints))] == [points] * len(endpoints)
    assert len(set(table.positions)) == len(table.positions)
    assert list(table.positions) == sorted(table.positions)


@pytest.mark.parametrize("version", VERSIONS)
@given(endpoints=ENDPOINTS, seed=st.randoms(use_true_random=False))
def test_the_order_of_endpoints_does_not_matter(version, endpoints, seed):
    shuffled = list(endpoints)
    seed.shuffle(shuffled)
    one, other = ring_table(endpoints, version), ring_table(shuffled, version)
    assert one.positions == other.positions
    assert [endpoints[each] for each in one.owners] == [shuffled[each] for each in other.owners]


@pytest.mark.parametrize("version", VERSIONS)
@given(endpoints=ENDPOINTS.filter(lambda each: len(each) > 1))
def test_a_newcomer_takes_keys_and_moves_none_between_the_others(version, endpoints):
    fewer, more = ring_table(endpoints[:-1], version), ring_table(endpoints, version)
    newcomer, keys = len(endpoints) - 1, [trace_id(number) for number in range(500)]
    moves = [(owner(fewer, key), now) for key in keys if (now := owner(more, key)) != owner(fewer, key)]
    # Where a point's place was taken it stands a place further, which may move a key there.
    assert sum(now != newcomer for _, now in moves) <= 2


def test_a_ring_without_points_or_out_of_order_is_refused():
    for positions, owners in (([], []), ([1], []), ([2, 1], [0, 0]), ([9], [0])):
        with pytest.raises(ValueError, match="ring"):
            Router("traceID", 9, positions, owners)
    with pytest.raises(ValueError, match="routing key"):
        Router("colour", 9, [1], [0])  # pyright: ignore[reportArgumentType]
