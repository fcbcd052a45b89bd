"""What a component is given besides its configuration."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..telemetry import Signal
from .clock import Clock
from .config import Config
from .id import ComponentID
from .meter import Meter
from .pages import Pages

if TYPE_CHECKING:
    from .contracts import Extension


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a component may ask of its surroundings."""

    id: ComponentID
    clock: Clock
    meter: Meter
    """Adds nothing by itself: instruments carry the labels that the Collector's have."""
    log: logging.LoggerAdapter[logging.Logger]
    """Prefixes the component's id."""
    signal: Signal | None = None
    """The signal of this instance; None for receivers, extensions and shared exporters."""
    output_signal: Signal | None = None
    """Connectors only: the signal of the pipelines that it begins."""
    pipeline: ComponentID | None = None
    """Processors only."""
    extensions: Mapping[ComponentID, "Extension"] | None = None
    """Started before any pipeline component."""
    instance_id: str = ""
    """Of this collector, as its own telemetry has it (`service.instance.id`); empty where there is none."""
    exporters: tuple[Config, ...] = ()
    """Configurations of the exporters in use, for extensions that go with one of them."""
    pages: Pages = field(default_factory=Pages)
    """Where components show what they know to people who ask; the same for all components of a service."""
