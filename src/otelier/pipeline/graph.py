"""The components of a plan, made and wired; nothing is started.

One instance serves: every pipeline that names a receiver, an extension or a shared exporter; the pipelines of one
signal that name another exporter; one place in one pipeline for a processor; one pair of signals for a connector.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import cast

from ..component import (
    INSTANCE_ID,
    Clock,
    Component,
    ComponentID,
    ConfigError,
    Connector,
    Consumer,
    Context,
    Exporter,
    Extension,
    Kind,
    Meter,
    OtelierError,
    Pages,
    Problem,
    Processor,
    Receiver,
    RoutingProcessor,
    fan_out,
)
from ..component.meter import BoundCounter
from ..telemetry import SIGNALS, Signal
from .plan import Declared, PipelinePlan, Plan
from .stage import Stages


@dataclass(eq=False, slots=True)
class Node:
    """One instance in the graph."""

    declared: Declared
    component: Component
    label: str
    """For people: `exporter otlp/2 (traces)`."""
    downstream: "list[Node]" = field(default_factory=list["Node"])
    """Whom it hands batches to."""

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.declared.kind

    @property
    def id(self) -> ComponentID:
        """As its definition spells it."""
        return self.declared.id


@dataclass(eq=False, slots=True)
class Pipeline:
    """One pipeline as it was built; nodes in the order of flow."""

    plan: PipelinePlan
    receivers: list[Node]
    processors: list[Node]
    exporters: list[Node]
    head: Consumer = field(init=False)
    """Where receivers and connectors hand their batches."""
    passed: list[BoundCounter] = field(default_factory=list[BoundCounter])
    """Items that went into each processor, and behind the last to the exporters; empty if nothing is measured."""

    @property
    def id(self) -> ComponentID:
        """Signal and name."""
        return self.plan.id

    @property
    def first(self) -> list[Node]:
        """Whoever gets a batch first."""
        return self.processors[:1] or self.exporters


@dataclass(eq=False, slots=True)
class Graph:
    """Everything that a service starts and stops."""

    meter: Meter
    pages: Pages
    extensions: list[Node]
    pipelines: list[Pipeline]

    def start_order(self) -> list[Node]:
        """Extensions, then nobody before those whom it hands batches to: exporters first, receivers last."""
        order = list(self.extensions)
        for wanted in (Kind.EXPORTER, Kind.CONNECTOR, Kind.PROCESSOR, Kind.RECEIVER):
            for pipeline in self.pipelines:
                for node in (*pipeline.exporters, *pipeline.processors, *pipeline.receivers):
                    if node.kind is wanted:
                        _append_after_downstream(node, order)
        return order


def build(plan: Plan, clock: Clock) -> Graph:
    """Make and wire all components; raises ConfigError if one refuses its configuration."""
    return _Builder(plan, clock).graph()


def component_log(declared: Declared, signal: Signal | None = None) -> "logging.LoggerAdapter[logging.Logger]":
    """A logger whose records carry the component's id, kind and signal, for the formatter to show."""
    extra = {"component_id": str(declared.id), "component_kind": str(declared.kind), "signal": signal}
    return logging.LoggerAdapter(logging.getLogger(f"otelier.{declared.kind}.{declared.registration.type}"), extra)


def _spellings(declared: Declared) -> list[ComponentID]:
    """The id by each name of its type."""
    types = (declared.registration.type, *declared.registration.aliases)
    return [ComponentID(type_, declared.id.name) for type_ in types]


def _append_after_downstream(node: Node, order: list[Node]) -> None:
    if node in order:
        return
    for target in node.downstream:
        _append_after_downstream(target, order)
    order.append(node)


class _Builder:
    def __init__(self, plan: Plan, clock: Clock) -> None:
        self._plan = plan
        self._clock = clock
        self._meter = Meter()
        self._pages = Pages()
        self._problems: list[Problem] = []
        self._extensions: dict[ComponentID, Extension] = {}
        named = dict.fromkeys(each for pipeline in plan.pipelines for each in pipeline.exporters)
        instance_id = plan.settings.telemetry.resource.get("service.instance.id", INSTANCE_ID)
        self._instance_id = "" if instance_id is None else str(instance_id)
        self._exporters = tuple(each.config for each in named if each.kind is Kind.EXPORTER)
        self._shared: dict[tuple[Declared, Signal | None, Signal | None], Node] = {}
        self._refused = self._meter.counter(
            "otelier_fanout_refused_items", "{item}", "Items that one of several consumers did not take"
        )

    def graph(self) -> Graph:
        extensions = list(self._made_extensions())
        pipelines = [self._pipeline(plan) for plan in self._plan.pipelines]
        if self._problems:
            raise ConfigError(self._problems)
        for pipeline in pipelines:
            self._wire_pipeline(pipeline)
        for node in self._shared.values():
            self._wire_begin(node, [pipeline for pipeline in pipelines if node in pipeline.receivers])
        return Graph(self._meter, self._pages, extensions, pipelines)

    def _made_extensions(self) -> Iterator[Node]:
        for declared in self._plan.extensions:
            node = self._node(declared)
            for spelled in _spellings(declared):
                self._extensions[spelled] = cast("Extension", node.component)
            yield node

    def _pipeline(self, plan: PipelinePlan) -> Pipeline:
        return Pipeline(
            plan,
            receivers=[node for declared in plan.receivers for node in self._begins(declared, plan)],
            processors=[
                self._node(declared, signal=plan.signal, pipeline=plan.id, label=f"in {plan.id}")
                for declared in plan.processors
            ],
            exporters=[node for declared in plan.exporters for node in self._ends(declared, plan)],
        )

    def _ends(self, declared: Declared, plan: PipelinePlan) -> Iterator[Node]:
        if declared.kind is Kind.CONNECTOR:
            signals = {begun.signal for ended, begun in self._plan.connections(declared) if ended is plan}
            yield from (self._connector(declared, plan.signal, signal) for signal in SIGNALS if signal in signals)
        elif declared.registration.shared:
            yield self._once(declared)
        else:
            yield self._once(declared, signal=plan.signal, label=plan.signal)

    def _begins(self, declared: Declared, plan: PipelinePlan) -> Iterator[Node]:
        if declared.kind is Kind.CONNECTOR:
            signals = {ended.signal for ended, begun in self._plan.connections(declared) if begun is plan}
            yield from (self._connector(declared, signal, plan.signal) for signal in SIGNALS if signal in signals)
        else:
            yield self._once(declared)

    def _connector(self, declared: Declared, signal: Signal, output: Signal) -> Node:
        return self._once(declared, signal=signal, output_signal=output, label=f"{signal} to {output}")

    def _once(
        self, declared: Declared, *, signal: Signal | None = None, output_signal: Signal | None = None, label: str = ""
    ) -> Node:
        key = (declared, signal, output_signal)
        if key not in self._shared:
            self._shared[key] = self._node(declared, signal=signal, output_signal=output_signal, label=label)
        return self._shared[key]

    def _node(
        self,
        declared: Declared,
        *,
        signal: Signal | None = None,
        output_signal: Signal | None = None,
        pipeline: ComponentID | None = None,
        label: str = "",
    ) -> Node:
        context = Context(
            id=declared.id,
            clock=self._clock,
            meter=self._meter,
            log=component_log(declared, signal),
            signal=signal,
            output_signal=output_signal,
            pipeline=pipeline,
            extensions=self._extensions,
            instance_id=self._instance_id,
            exporters=self._exporters,
            pages=self._pages,
        )
        try:
            component = declared.registration.component(declared.config, context)
        except (OtelierError, ValueError) as error:
            self._problems.append(Problem(f"{declared}: {error}", declared.location))
            component = _Refused(declared.config, context)
        return Node(declared, component, f"{declared} ({label})" if label else str(declared))

    def _wire_pipeline(self, pipeline: Pipeline) -> None:
        """Chain the processors from the last to the first."""
        ends = [(node.label, cast("Exporter | Connector", node.component)) for node in pipeline.exporters]
        head: Consumer = fan_out(f"pipeline {pipeline.id}", ends, self._refused)
        downstream = pipeline.exporters
        measured = pipeline.processors and self._plan.settings.telemetry.metrics.on
        stages = Stages(self._meter, pipeline.plan.signal) if measured else None
        behind: ComponentID | None = None
        for node in reversed(pipeline.processors):
            processor = cast("Processor", node.component)
            if isinstance(processor, RoutingProcessor):
                processor.exporters = {
                    spelled: cast("Exporter", end.component)
                    for end in pipeline.exporters
                    for spelled in _spellings(end.declared)
                }
                node.downstream = pipeline.exporters
            processor.next = stages.between(node.id, behind, head) if stages else head
            node.downstream, downstream = [*node.downstream, *downstream], [node]
            head, behind = processor, node.id
        pipeline.head = stages.between(None, behind, head) if stages else head
        pipeline.passed = stages.passed if stages else []
        for earlier, later in pairwise(pipeline.processors):
            cast("Processor", later.component).absorb(cast("Processor", earlier.component))

    def _wire_begin(self, node: Node, begun: list[Pipeline]) -> None:
        """Give a receiver or a connector the pipelines that it begins."""
        component = node.component
        node.downstream = [target for pipeline in begun for target in pipeline.first]
        if isinstance(component, Connector):
            component.outputs = {pipeline.id: pipeline.head for pipeline in begun}
            component.next = self._to_all(node, begun)
        elif isinstance(component, Receiver):
            component.outputs = {
                signal: self._to_all(node, fed)
                for signal in SIGNALS
                if (fed := [pipeline for pipeline in begun if pipeline.plan.signal == signal])
            }

    def _to_all(self, node: Node, pipelines: list[Pipeline]) -> Consumer:
        targets = [(f"pipeline {pipeline.id}", pipeline.head) for pipeline in pipelines]
        return fan_out(node.label, targets, self._refused)


class _Refused(Component):
    """Stands for a component that refused its configuration, so that the others' problems are found, too."""
