"""The pages of the service itself: servicez, pipelinez, extensionz."""

import os
import platform
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from .._core import __version__
from ..component import Clock, Kind, Page, Pages, Question, Shown
from ..telemetry import items_suffix
from .graph import Graph, Node, Pipeline
from .plan import Declared, Plan
from .rates import Rates

SERVICEZ = Page("servicez", "What runs: version, process, pipelines, and what the configuration is said to be.")
EXTENSIONZ = Page("extensionz", "The extensions, in the order in which they were started.")
PIPELINEZ = Page(
    "pipelinez",
    "Each pipeline's components in the order of flow, with the items that went in and came out. What receivers and "
    "exporters count is that of all pipelines of the signal: accepted or sent, and refused or given up.",
    live=True,
)

_TAKEN = {Kind.RECEIVER: ("accepted",), Kind.EXPORTER: ("sent",)}
_NOT_TAKEN = {Kind.RECEIVER: ("refused", "failed"), Kind.EXPORTER: ("send_failed", "enqueue_failed")}
_Counted: TypeAlias = dict[tuple[str, str], float]
"""By metric and component."""
_Place: TypeAlias = tuple[str, int]
"""Of a component: pipeline, and which one in the order of flow."""


class _Items(NamedTuple):
    """Of a component in a pipeline; None where nobody counts."""

    incoming: int | None
    outgoing: int | None
    not_taken: int | None


class ServicePages:
    """What a service knows of itself."""

    def __init__(self, plan: Plan, graph: Graph, clock: Clock) -> None:
        self._plan = plan
        self._graph = graph
        self._clock = clock
        self._began_s = clock.monotonic()
        self._began_ns = clock.time_ns()
        self._rates: Rates[tuple[str, str, int]] = Rates(clock)

    def add_to(self, pages: Pages) -> None:
        """For as long as there are these pages."""
        pages.add(SERVICEZ, "process", self._process)
        pages.add(SERVICEZ, "pipelines", lambda _: [_drawn(pipeline) for pipeline in self._graph.pipelines])
        pages.add(SERVICEZ, "configuration", self._configuration)
        pages.add(PIPELINEZ, "flow", self._flow)
        pages.add(EXTENSIONZ, "extensions", lambda _: [_extension(node.declared) for node in self._graph.extensions])

    def _process(self, _: Question) -> Shown:
        return {
            "version": __version__,
            "pid": os.getpid(),
            "started": datetime.fromtimestamp(self._began_ns // 10**9, UTC).isoformat(),
            "uptime_s": round(self._clock.monotonic() - self._began_s, 1),
            "python": platform.python_version(),
        }

    def _configuration(self, _: Question) -> Shown:
        return {
            "warnings": [str(warning) for warning in self._plan.warnings],
            "remarks": [str(remark) for remark in self._plan.remarks],
            "not used, so not started": [str(declared) for declared in self._plan.unused],
        }

    def _flow(self, _: Question) -> Shown:
        counted = self._counted()
        rows = {(str(p.id), at): row for p in self._graph.pipelines for at, row in enumerate(_rows(p, counted))}
        incoming, outgoing, over_s = self._look(rows)
        shown = {
            str(pipeline.id): [
                {
                    "component": str(node.declared),
                    "incoming_items": rows[key].incoming,
                    "incoming_per_s": incoming.get(key),
                    "outgoing_items": rows[key].outgoing,
                    "outgoing_per_s": outgoing.get(key),
                    "not_taken_items": rows[key].not_taken,
                }
                for at, node in enumerate((*pipeline.receivers, *pipeline.processors, *pipeline.exporters))
                if (key := (str(pipeline.id), at))
            ]
            for pipeline in self._graph.pipelines
        }
        return {"rates_are_over_s": round(over_s, 1), "pipelines": shown}

    def _look(self, rows: dict[_Place, _Items]) -> tuple[dict[_Place, float], dict[_Place, float], float]:
        into = {("in", *key): row.incoming for key, row in rows.items() if row.incoming is not None}
        out = {("out", *key): row.outgoing for key, row in rows.items() if row.outgoing is not None}
        rates, over_s = self._rates.look(into | out)
        incoming = {key[1:]: round(rates[key], 1) for key in into}
        outgoing = {key[1:]: round(rates[key], 1) for key in out}
        return incoming, outgoing, over_s

    def _counted(self) -> _Counted:
        """All counters of receivers and exporters; a component's transports and reasons added up."""
        counted: _Counted = {}
        for metric in self._graph.meter.collect():
            for labels, value in metric.values.items():
                by_name = dict(labels)
                component = by_name.get("receiver") or by_name.get("exporter")
                if component and isinstance(value, float | int):
                    key = (metric.name, component)
                    counted[key] = counted.get(key, 0) + value
        return counted


def _rows(pipeline: Pipeline, counted: _Counted) -> list[_Items]:
    """Of receivers, processors and exporters, in the order of flow."""
    suffix = items_suffix(pipeline.plan.signal)

    def total(node: Node, words: dict[Kind, tuple[str, ...]]) -> int | None:
        keys = [(f"otelcol_{node.kind}_{word}_{suffix}", str(node.id)) for word in words.get(node.kind, ())]
        found = [counted[key] for key in keys if key in counted]
        return int(sum(found)) if found else None

    passed = [int(counter.value) for counter in pipeline.passed] or [None] * (len(pipeline.processors) + 1)
    return [
        *(_Items(None, total(node, _TAKEN), total(node, _NOT_TAKEN)) for node in pipeline.receivers),
        *(_Items(into, out, None) for into, out in pairwise(passed)),
        *(_Items(passed[-1], total(node, _TAKEN), total(node, _NOT_TAKEN)) for node in pipeline.exporters),
    ]


def _drawn(pipeline: Pipeline) -> Shown:
    plan = pipeline.plan
    roles = {"receivers": plan.receivers, "processors": plan.processors, "exporters": plan.exporters}
    return {"pipeline": str(plan.id), **{role: [str(each.id) for each in named] for role, named in roles.items()}}


def _extension(declared: Declared) -> Shown:
    registration = declared.registration
    return {"extension": str(declared.id), "stability": registration.stability, "promise": registration.promise}
