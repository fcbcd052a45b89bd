"""dns: all addresses of the name, again and again; a failure changes nothing."""

import threading

import pytest

from otelier.component import Duration
from otelier.exporters.loadbalancing.resolvers.dns import DnsResolver, addresses_of
from otelier.exporters.loadbalancing.settings import DnsSettings
from otelier.testing import FakeClock, component_context


class Heard:
    def __init__(self):
        self.found = []
        self.failures = []

    def resolved(self, endpoints):
        self.found.append(list(endpoints))

    def unresolved(self, error):
        self.failures.append(error)


@pytest.fixture
def resolve():
    """Starts a resolver whose name server answers from a list."""
    running = []

    def start(*answers, clock=None, **keys):
        heard, left = Heard(), list(answers)

        def look_up(name):
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer(name) if callable(answer) else answer

        ctx = component_context("loadbalancing", clock=clock or FakeClock())
        settings = DnsSettings(**{"hostname": "backends.test", "port": "4317"} | keys)
        running.append(DnsResolver(ctx, settings, heard, look_up))
        running[-1].start()
        return heard, ctx.clock

    yield start
    for resolver in running:
        resolver.stop()


@pytest.mark.proves("loadbalancing.resolver.dns.hostname", "loadbalancing.resolver.dns.interval")
def test_names_are_looked_up_at_once_and_after_each_interval(resolve):
    heard, clock = resolve(["10.0.0.1"], ["10.0.0.1", "fd00::2"])
    assert heard.found == [["10.0.0.1:4317"]]
    clock.advance(4.9)
    assert len(heard.found) == 1
    clock.advance(0.1)
    assert heard.found[1] == ["10.0.0.1:4317", "[fd00::2]:4317"]


@pytest.mark.proves("loadbalancing.resolver.dns.port")
def test_without_a_port_the_address_alone_is_hashed_as_upstream(resolve):
    """Seen with otelcol-contrib 0.155.0: the default port is dialled, but no part of the ring's key."""
    heard, _ = resolve(["10.0.0.1", "fd00::2"], port="")
    assert heard.found == [["10.0.0.1", "[fd00::2]"]]


def test_a_failure_is_told_and_the_next_lookup_comes(resolve):
    heard, clock = resolve(OSError("no such name"), ["10.0.0.1"])
    assert heard.found == []
    assert "backends.test: no such name" in heard.failures[0]
    clock.advance(5)
    assert heard.found == [["10.0.0.1:4317"]]


@pytest.mark.proves("loadbalancing.resolver.dns.timeout")
def test_a_lookup_that_hangs_is_given_up(resolve):
    hanging = threading.Event()

    def hang(_name):
        hanging.wait(30)
        return ["10.0.0.9"]

    heard, _ = resolve(hang, clock=FakeClock(auto_advance=True), timeout=Duration(1))
    hanging.set()
    assert heard.found == []
    assert "no answer" in heard.failures[0]


def test_the_systems_resolver_knows_localhost():
    assert "127.0.0.1" in addresses_of("localhost")


def test_a_defect_does_not_end_the_lookups(resolve, caplog):
    heard, clock = resolve(["10.0.0.1"], lambda _: 1 / 0, UnicodeError("label too long"), ["10.0.0.2"])
    clock.advance(15)
    assert heard.found == [["10.0.0.1:4317"], ["10.0.0.2:4317"]]
    assert len(heard.failures) == 2 and "label too long" in heard.failures[1]
