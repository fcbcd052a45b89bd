"""Each rule about the order of a pipeline speaks where it is broken, at the place of the name, and nowhere else."""

import pytest

from otelier.component import Config, Connector, Exporter, Processor, Receiver
from otelier.component.registry import connector, exporter, processor, receiver
from otelier.config import load
from otelier.pipeline.interpret import interpret
from otelier.telemetry import SIGNALS
from otelier.testing import private_registry


class Nothing(Config):
    pass


class Metadata(Config):
    """Of a receiver that may hand metadata on, and of a processor that may look at it."""

    used: bool = False

    def gives_metadata(self) -> bool:
        return self.used

    def reads_metadata(self) -> bool:
        return self.used


@pytest.fixture(autouse=True)
def components():
    """Of the types that rules speak of, without keys."""
    with private_registry(empty=True):
        receiver("otlp", signals=SIGNALS, stability="beta")(
            type("R", (Receiver,), {"__annotations__": {"cfg": Metadata}})
        )
        processor("resource", signals=SIGNALS, stability="beta")(
            type("P", (Processor,), {"__annotations__": {"cfg": Metadata}})
        )
        for type_ in ("memory_limiter", "batch", "groupbytrace", "tail_sampling", "attributes"):
            kind = type("P", (Processor,), {"__annotations__": {"cfg": Nothing}})
            processor(type_, signals=SIGNALS, stability="beta")(kind)
        for type_, begins in (("spanmetrics", "metrics"), ("servicegraph", "metrics"), ("forward", "traces")):
            kind = type("C", (Connector,), {"__annotations__": {"cfg": Nothing}})
            connector(type_, pairs={("traces", begins)}, stability="beta")(kind)
        exporter("nop", signals=SIGNALS, stability="beta")(
            type("E", (Exporter,), {"__annotations__": {"cfg": Nothing}})
        )
        yield


def remarks(pipelines: str) -> list[str]:
    text = f"""
receivers: {{otlp: , otlp/metadata: {{used: true}}}}
processors: {{resource: {{used: true}}, memory_limiter: , batch: , groupbytrace: , tail_sampling/x: , attributes: }}
connectors: {{spanmetrics: , servicegraph: , forward: }}
exporters: {{nop: }}
service:
  pipelines:
    {pipelines}
"""
    return [
        f"{each.location.line - 7}: {each.message} ({each.hint})" for each in interpret(load([f"yaml:{text}"])).remarks
    ]


def through(processors: str) -> list[str]:
    return remarks(f"traces: {{receivers: [otlp], processors: [{processors}], exporters: [nop]}}")


def test_a_memory_limiter_behind_what_holds_slows_nobody_down():
    assert through("attributes, groupbytrace, memory_limiter") == [
        "1: `memory_limiter` comes after `groupbytrace`, which answers senders at once: none is told to wait when "
        "memory is short (put it first in the pipeline)"
    ]


def test_a_memory_limiter_behind_others_comes_late():
    assert through("attributes, memory_limiter, batch") == [
        "1: `memory_limiter` comes after `attributes`, which has worked in vain on what is refused "
        "(put it first in the pipeline)"
    ]
    assert through("memory_limiter, attributes, batch") == []
    assert through("attributes") == []


def test_batches_are_made_behind_what_works_by_trace():
    assert through("batch, attributes, tail_sampling/x, groupbytrace") == [
        "1: `batch` comes before `tail_sampling/x`, which takes batches apart by trace: spans only wait longer "
        "(put it behind `tail_sampling/x`)"
    ]
    assert through("groupbytrace, tail_sampling/x, batch") == []


@pytest.mark.parametrize("metrics", ["spanmetrics", "servicegraph"])
def test_metrics_behind_a_sampler_count_what_it_kept(metrics):
    behind = f"""traces: {{receivers: [otlp], processors: [tail_sampling/x], exporters: [nop, {metrics}]}}
    metrics: {{receivers: [{metrics}], exporters: [nop]}}"""
    assert remarks(behind) == [
        f"1: `{metrics}` counts only what `tail_sampling/x` in pipeline `traces` has kept "
        "(name it in a pipeline without `tail_sampling/x` that has the same receivers)"
    ]
    beside = f"""traces: {{receivers: [otlp], processors: [tail_sampling/x], exporters: [nop]}}
    traces/all: {{receivers: [otlp], exporters: [{metrics}]}}
    metrics: {{receivers: [{metrics}], processors: [tail_sampling/x], exporters: [nop]}}"""
    assert remarks(beside) == []


def test_a_sampler_is_seen_through_a_connector():
    assert remarks(
        """traces: {receivers: [otlp], processors: [tail_sampling/x], exporters: [forward]}
    traces/next: {receivers: [forward], exporters: [spanmetrics]}
    metrics: {receivers: [spanmetrics], exporters: [nop]}"""
    ) == [
        "2: `spanmetrics` counts only what `tail_sampling/x` in pipeline `traces` has kept "
        "(name it in a pipeline without `tail_sampling/x` that has the same receivers)"
    ]


def test_who_looks_at_metadata_needs_a_receiver_that_hands_it_on():
    assert through("resource") == [
        "1: `resource` looks at the client's metadata, which no receiver before it hands on "
        "(set `include_metadata: true` under its protocols)"
    ]
    assert remarks("traces: {receivers: [otlp/metadata], processors: [resource], exporters: [nop]}") == []
    assert (
        remarks(
            """traces: {receivers: [otlp/metadata], exporters: [forward]}
    traces/next: {receivers: [forward], processors: [resource], exporters: [nop]}"""
        )
        == []
    )


def test_what_is_not_in_use_is_not_spoken_of():
    assert remarks("traces: {receivers: [otlp], exporters: [nop]}") == []
