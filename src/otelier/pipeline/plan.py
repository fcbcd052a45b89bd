"""What a configuration means: components that exist, pipelines that connect them. Pure data, checked, nothing built."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..component import ComponentID, Config, Kind, Problem, Registration
from ..component.errors import Location
from ..telemetry import Signal
from .settings import ServiceSettings


@dataclass(frozen=True, eq=False, slots=True)
class Declared:
    """One component of the configuration; the same object wherever it is used."""

    registration: Registration
    id: ComponentID
    """As it is spelled where it is defined."""
    config: Config
    location: Location

    @property
    def kind(self) -> Kind:
        """What it is."""
        return self.registration.kind

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, eq=False, slots=True)
class PipelinePlan:
    """One pipeline in the order of flow."""

    id: ComponentID
    signal: Signal
    receivers: tuple[Declared, ...]
    """Receivers, and connectors that begin it."""
    processors: tuple[Declared, ...]
    exporters: tuple[Declared, ...]
    """Exporters, and connectors that end it."""


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """A configuration without problems."""

    settings: ServiceSettings
    components: tuple[Declared, ...]
    """All that are defined, by section."""
    extensions: tuple[Declared, ...]
    """Those in use, in the order of `service.extensions`."""
    pipelines: tuple[PipelinePlan, ...]
    warnings: tuple[Problem, ...]
    remarks: tuple[Problem, ...] = ()
    """What is worth knowing about what is in use; nothing is wrong."""

    @property
    def unused(self) -> tuple[Declared, ...]:
        """Defined but named nowhere: allowed, not started."""
        named = {d for p in self.pipelines for d in (*p.receivers, *p.processors, *p.exporters)}
        return tuple(d for d in self.components if d not in named and d not in self.extensions)

    def connections(self, connector: Declared) -> Iterator[tuple[PipelinePlan, PipelinePlan]]:
        """(pipeline that it ends, pipeline that it begins) for each pair of signals that it supports."""
        return connections(connector, self.pipelines)


def connections(connector: Declared, pipelines: Sequence[PipelinePlan]) -> Iterator[tuple[PipelinePlan, PipelinePlan]]:
    """See `Plan.connections`."""
    for ended in pipelines:
        if connector in ended.exporters:
            for begun in pipelines:
                if connector in begun.receivers and (ended.signal, begun.signal) in connector.registration.pairs:
                    yield ended, begun
