"""Contexts for components under test."""

import logging
from collections.abc import Mapping

from ..component import Clock, ComponentID, Config, Context, Extension, Meter, Pages
from ..telemetry import Signal
from .clock import FakeClock


def component_context(
    id_: str = "test",
    *,
    clock: Clock | None = None,
    meter: Meter | None = None,
    signal: Signal | None = None,
    output_signal: Signal | None = None,
    pipeline: str | None = None,
    extensions: Mapping[ComponentID, Extension] | None = None,
    instance_id: str = "",
    exporters: tuple[Config, ...] = (),
    pages: Pages | None = None,
) -> Context:
    """A context with a fake clock, an empty meter and no pages, unless given; logs go to `otelier.test`."""
    return Context(
        id=ComponentID.parse(id_),
        clock=clock or FakeClock(),
        meter=meter or Meter(),
        log=logging.LoggerAdapter(logging.getLogger("otelier.test"), {"component_id": id_}),
        signal=signal,
        output_signal=output_signal,
        pipeline=None if pipeline is None else ComponentID.parse(pipeline),
        extensions=extensions or {},
        instance_id=instance_id,
        exporters=exporters,
        pages=pages or Pages(),
    )
