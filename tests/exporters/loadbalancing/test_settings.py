"""loadbalancing's keys as people write them, and what can't be meant."""

import pytest

from otelier.config import ConfigError, decode, load
from otelier.exporters.loadbalancing.backend import dialled
from otelier.exporters.loadbalancing.settings import LoadBalancingConfig


def read(yaml):
    document = load([f"yaml:{yaml}"])
    return decode(LoadBalancingConfig, document.tree, (), document)


@pytest.mark.proves("loadbalancing.routing_attributes", "loadbalancing.timeout")
def test_everything_people_set():
    config = read(
        """
        routing_key: attributes
        routing_attributes: [service.name, span.kind]
        protocol: {otlp: {timeout: 1s, tls: {insecure: true}, sending_queue: {num_consumers: 3, storage: file_storage}}}
        resolver: {k8s: {service: sampler.observability, ports: [15317, 16317], timeout: 30s, return_hostnames: true}}
        timeout: 10s
        retry_on_failure: {max_elapsed_time: 60s}
        sending_queue: {queue_size: 500}
        ring: v1
        health: {leave_after: 5s, return_after: 1m, probe: grpc, interval: 2s, timeout: 500ms}
        """
    )
    assert config.protocol.otlp.timeout == 1
    assert config.resolver.k8s
    assert config.resolver.k8s.ports == (15317, 16317)
    assert (config.in_front.retry_on_failure.enabled, config.in_front.sending_queue.enabled) == (True, True)
    assert config.key_for("logs") == "attributes"


def test_defaults_are_the_collectors():
    config = read("{resolver: {static: {hostnames: [a]}}}")
    assert [config.key_for(signal) for signal in ("traces", "metrics", "logs")] == ["traceID", "service", "service"]
    front = config.in_front
    assert (front.timeout, front.retry_on_failure.enabled, front.sending_queue.enabled) == (0, False, False)
    assert config.protocol.otlp.sending_queue.enabled
    assert config.protocol.otlp.retry_on_failure.enabled
    assert read("{ring: v1, resolver: {static: {hostnames: [a]}}}").key_for("logs") == "traceID"


def test_without_queues_the_path_in_front_retries_for_the_backends():
    otlp = "{sending_queue: {enabled: false}, retry_on_failure: {max_elapsed_time: 40s}}"
    config = read(f"{{protocol: {{otlp: {otlp}}}, resolver: {{static: {{hostnames: [a]}}}}}}")
    assert not config.queued
    assert config.in_front.retry_on_failure.max_elapsed_time == 40


@pytest.mark.parametrize(
    ("yaml", "problem"),
    [
        ("{resolver: {}}", "exactly one"),
        ("{resolver: {static: {hostnames: [a]}, dns: {hostname: b}}}", "exactly one"),
        ("{resolver: {static: {hostnames: []}}}", "at least one"),
        ("{routing_key: attributes, resolver: {static: {hostnames: [a]}}}", "routing_attributes"),
        ("{routing_key: colour, resolver: {static: {hostnames: [a]}}}", "colour"),
        ("{ring: v3, resolver: {static: {hostnames: [a]}}}", "v3"),
        ("{resolver: {dns: {hostname: a, port: many}}}", "port"),
        ("{resolver: {dns: {hostname: a, interval: 0}}}", "interval"),
        ("{resolver: {k8s: {service: a.b, ports: [0]}}}", "ports"),
        ("{health: {probe: smoke}, resolver: {static: {hostnames: [a]}}}", "probe"),
        ("{protocol: {otlp: {compression: lzma}}, resolver: {static: {hostnames: [a]}}}", "compression"),
    ],
)
def test_what_cannot_be_meant_is_told(yaml, problem):
    with pytest.raises(ConfigError, match=problem):
        read(yaml)


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [
        ("collector-1:4317", "collector-1:4317"),
        ("collector-1", "collector-1:4317"),
        ("10.0.0.1", "10.0.0.1:4317"),
        ("[fd00::1]:5000", "[fd00::1]:5000"),
        ("[fd00::1]", "[fd00::1]:4317"),
        ("fd00::1", "[fd00::1]:4317"),
    ],
)
def test_the_default_port_is_dialled_but_not_hashed(endpoint, address):
    assert dialled(endpoint) == address


def test_which_versions_choose_the_same_backends_is_remarked_where_there_are_several():
    (new,) = read("{resolver: {dns: {hostname: samplers}}}").remarks()
    (old,) = read("{resolver: {static: {hostnames: [a, b]}}, ring: v1}").remarks()
    assert (new.path, old.path) == ("ring", "ring")
    assert "as Collectors from 0.160 on" in new.what
    assert "as Collectors up to 0.155" in old.what
    assert list(read("{resolver: {static: {hostnames: [a]}}}").remarks()) == []
    assert list(read("{resolver: {static: {hostnames: [a, b]}}, routing_key: round_robin}").remarks()) == []
