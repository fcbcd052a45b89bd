"""Every registered component can be made, started and stopped, and leaves nothing behind.

The cases are generated from the registry: a new component is tested here as soon as it is registered. One that has
required keys, or would listen at a fixed port, gives its smallest configuration in `MINIMAL`.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otelier.component import (
    Component,
    ComponentID,
    Connector,
    Custody,
    CustodyKind,
    Kind,
    Processor,
    Receiver,
    Registration,
    RoutingProcessor,
    SystemClock,
)
from otelier.component.registry import find, load_components, registrations
from otelier.config import decode, load
from otelier.telemetry import Signal
from otelier.testing import MemoryExporter, component_context

MINIMAL: dict[tuple[Kind, str], str] = {
    (Kind.RECEIVER, "otlp"): "{protocols: {grpc: {endpoint: 127.0.0.1:0}, http: {endpoint: 127.0.0.1:0}}}",
    (
        Kind.RECEIVER,
        "prometheus",
    ): "{config: {scrape_configs: [{job_name: a, static_configs: [{targets: ['127.0.0.1:1']}]}]}}",
    (Kind.RECEIVER, "prometheusremotewrite"): "{endpoint: 127.0.0.1:0}",
    (Kind.RECEIVER, "loki"): "{protocols: {http: {endpoint: 127.0.0.1:0}}}",
    (Kind.PROCESSOR, "memory_limiter"): "{check_interval: 1s, limit_mib: 1000}",
    (Kind.PROCESSOR, "routing"): "{from_attribute: x, table: [{value: y, exporters: [debug]}]}",
    (Kind.CONNECTOR, "routing"): "{table: [{condition: 'true', pipelines: [traces, metrics, logs]}]}",
    (Kind.PROCESSOR, "tail_sampling"): "{policies: [{name: all, type: always_sample}]}",
    (Kind.PROCESSOR, "attributes"): "{actions: [{key: a, action: delete}]}",
    (Kind.PROCESSOR, "resource"): "{attributes: [{key: a, action: delete}]}",
    (Kind.EXPORTER, "otlp"): "{endpoint: 127.0.0.1:1, tls: {insecure: true}}",
    (Kind.EXPORTER, "loadbalancing"): (
        "{resolver: {static: {hostnames: [127.0.0.1:1]}}, protocol: {otlp: {tls: {insecure: true}}}}"
    ),
    (Kind.EXPORTER, "otlphttp"): "{endpoint: http://127.0.0.1:1}",
    (Kind.EXPORTER, "prometheusremotewrite"): "{endpoint: http://127.0.0.1:1}",
    (Kind.EXPORTER, "file"): "{path: PATH}",
    (Kind.EXPORTER, "otelier"): "{data_dir: PATH}",
    (Kind.EXTENSION, "file_storage"): "{directory: PATH, create_directory: true}",
    (Kind.EXTENSION, "health_check"): "{endpoint: 127.0.0.1:0}",
    (Kind.EXTENSION, "zpages"): "{endpoint: 127.0.0.1:0}",
}
"""YAML; PATH stands for a file that does not exist yet."""

Case = tuple[Registration, Signal | None, Signal | None]

load_components()


def cases() -> Iterator[Any]:
    for each in registrations():
        if each.kind is Kind.CONNECTOR:
            for signal, output in sorted(each.pairs):
                yield pytest.param((each, signal, output), id=f"{each.kind} {each.type} {signal} to {output}")
        elif each.shared:
            yield pytest.param((each, None, None), id=f"{each.kind} {each.type}")
        else:
            for signal in sorted(each.signals):
                yield pytest.param((each, signal, None), id=f"{each.kind} {each.type} {signal}")


CASES = list(cases())


def make(case: Case, tmp_path) -> Component:
    registration, signal, output = case
    body = MINIMAL.get((registration.kind, registration.type), "{}").replace("PATH", str(tmp_path / "file"))
    document = load([f"yaml:{{it: {body}}}"])
    config = decode(registration.config, document.tree["it"], ("it",), document)
    context = component_context(
        registration.type,
        clock=SystemClock(),
        signal=signal,
        output_signal=output,
        pipeline=signal if registration.kind is Kind.PROCESSOR else None,
    )
    component = registration.component(config, context)
    if isinstance(component, Receiver):
        component.outputs = {each: MemoryExporter() for each in registration.signals}
    elif isinstance(component, Processor):
        component.next = MemoryExporter()
        if isinstance(component, RoutingProcessor):
            component.exporters = {ComponentID("debug"): MemoryExporter()}
    elif isinstance(component, Connector):
        component.next = MemoryExporter()
        component.outputs = {ComponentID(output or "traces"): component.next}
    return component


def stop(component: Component) -> None:
    component.stop(component.ctx.clock.monotonic() + 10)


def held() -> tuple[set[str], list[str]]:
    """Names of threads, and what file descriptors lead to (numbers differ)."""
    threads = {thread.name for thread in threading.enumerate()}
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()).partition(":[")[0])
        except FileNotFoundError:
            continue  # the descriptor of this listing itself
    return threads, sorted(targets)


@pytest.mark.parametrize("case", CASES)
def test_it_stops_without_having_started(case, tmp_path):
    stop(make(case, tmp_path))


@pytest.mark.parametrize("case", CASES)
def test_two_of_a_kind_live_side_by_side_and_leave_neither_threads_nor_descriptors(case, tmp_path):
    def live() -> None:
        made = [make(case, tmp_path), make(case, tmp_path)]
        for component in made:
            component.start()
        for component in made:
            stop(component)

    live()  # the first one may start what lives as long as the process, such as the transport's threads
    before = held()
    live()
    assert held() == before


@pytest.mark.parametrize("case", CASES)
def test_custody_is_known_before_the_start_and_what_forwards_loses_nothing(case, tmp_path):
    component = make(case, tmp_path)
    custody = component.custody()
    stop(component)
    assert isinstance(custody, Custody)
    assert custody.kind != CustodyKind.FORWARDS or not custody.loss_window


def test_the_table_of_smallest_configurations_names_only_what_exists():
    assert [key for key in MINIMAL if not find(*key)] == []
