"""routing: send each part of what arrives to the pipelines that a table of conditions names.

Rows are asked from the first to the last. What a row moves is seen by no later one; what it copies is. What no row
moves goes to `default_pipelines`. A sender is answered when all pipelines have; if one of them refuses for now, all of
it is offered again, and those that took their part get it twice.
"""

from collections.abc import Iterator, Sequence

from ...component import ComponentID, Connector, Handed, Invalid, OtelierError, connector, hand_out
from ...ottl import Conditions, Faults, Program, StatementError, condition_group, statement_group
from ...ottl.native import masks
from ...ottl.routes import Route, routed
from ...telemetry import SIGNALS, Batch, Signal, items_suffix
from .config import REQUEST, RouteConfig, RoutingConfig

_Target = Sequence[ComponentID]


@connector("routing", pairs={(signal, signal) for signal in SIGNALS}, stability="beta")
class Routing(Connector):
    cfg: RoutingConfig

    def setup(self) -> None:
        meter, signal = self.ctx.meter, self.ctx.signal
        assert signal, "one instance per signal"
        self._refused = meter.counter("otelier_routing_refused_items", "{item}", "Items that a route did not take.")
        self._unrouted = meter.counter(
            f"otelier_routing_dropped_{items_suffix(signal)}", "{item}", "Items that no route and no default wants."
        )
        self._faults = Faults(self.ctx, "otelier_routing_errors", "Conditions that failed.")
        self._runs = list(self._grouped(signal))

    def start(self) -> None:
        known = {str(each) for each in self.outputs}
        named = [id_ for row in self.cfg.table for id_ in row.pipelines] + list(self.cfg.default_pipelines)
        for id_ in named:
            if id_.type == self.ctx.signal and str(id_) not in known:
                raise OtelierError(f"{self.ctx.id}: pipeline {id_} does not begin with this connector: name it there")

    def consume(self, batch: Batch) -> None:
        parts: list[Handed] = []
        rest = batch
        for run in self._runs:
            found, rest = self._asked(run, rest)
            parts += [handed for target, part in found for handed in self._handed(target, part)]
        if rest:
            defaults = list(self._handed(self.cfg.default_pipelines, rest))
            parts += defaults
            if not defaults:
                self._unrouted.add(rest.items, connector=str(self.ctx.id), reason="no_route")
        if parts:
            hand_out(f"connector {self.ctx.id}", parts, self._refused)

    def _handed(self, target: _Target, part: Batch) -> Iterator[Handed]:
        for id_ in target:
            if consumer := self.outputs.get(id_):
                yield f"pipeline {id_}", consumer, part

    def _asked(
        self, run: "list[Route[_Target]] | _ByRequest", batch: Batch
    ) -> tuple[list[tuple[_Target, Batch]], Batch]:
        if not batch:
            return [], batch
        if isinstance(run, _ByRequest):
            return run.routed(batch)
        try:
            return routed(batch, run, self._faults)
        except StatementError as error:
            raise Invalid(f"{self.ctx.id}: {error}") from error

    def _grouped(self, signal: Signal) -> "Iterator[list[Route[_Target]] | _ByRequest]":
        """Rows about telemetry in runs, each row about the request by itself."""
        run: list[Route[_Target]] = []
        for row in self.cfg.table:
            if row.context == "request":
                yield run
                yield _ByRequest(row)
                run = []
            elif row.context == "resource" or row.context in _OWN[signal]:
                run.append(self._route(row, signal))
        yield run

    def _route(self, row: RouteConfig, signal: Signal) -> "Route[_Target]":
        mode, clock = self.cfg.error_mode, self.ctx.clock
        group = condition_group([row.where], signal=signal, context=row.context, error_mode=mode)
        edit = row.editor
        statements = [statement_group([edit], signal=signal, context=row.context, error_mode=mode)] if edit else []
        program = Program(statements, clock) if statements else None
        return Route(Conditions([group], clock, masks(signal)), row.pipelines, row.action == "copy", program)


_OWN: dict[Signal, tuple[str, ...]] = {"traces": ("span",), "metrics": ("metric", "datapoint"), "logs": ("log",)}


class _ByRequest:
    """A row about the client's metadata."""

    def __init__(self, row: RouteConfig) -> None:
        found = REQUEST.fullmatch(row.where)
        assert found, "checked with the configuration"
        key, sign, self._value = found.groups()
        self._key, self._equal = key.lower(), sign == "=="
        self._target, self._copies = row.pipelines, row.action == "copy"

    def routed(self, batch: Batch) -> tuple[list[tuple[_Target, Batch]], Batch]:
        """As of other rows: the part that goes this way, all or nothing, and what is left."""
        if (self._value in batch.metadata.get(self._key, ())) != self._equal:
            return [], batch
        return [(self._target, batch)], batch if self._copies else batch.select(bytes(batch.items))
