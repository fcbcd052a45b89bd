"""routing: send each part of what arrives to the pipelines that a table of conditions names.

Rows are asked from the first to the last. What a row moves is seen by no later one; what it copies is. What no row
moves goes to `default_pipelines`. With `match_once: false` each row is asked about everything, and the default gets
what none matches. A sender is answered when all pipelines have; if one of them refuses for now, all of
it is offered again, and those that took their part get it twice.
"""

from collections.abc import Iterator, Sequence

from ...component import ComponentID, Connector, Handed, Invalid, OtelierError, connector, hand_out
from ...ottl import Conditions, Faults, Program, Report, StatementError, condition_group, statement_group
from ...ottl.native import masks
from ...ottl.routes import Route, Way, matched, routed
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
        own = ("request", "resource", *_OWN[signal])
        self._ways = [self._way(row, signal) for row in self.cfg.table if row.about in own]

    def start(self) -> None:
        known = {str(each) for each in self.outputs}
        named = [id_ for row in self.cfg.table for id_ in row.pipelines] + list(self.cfg.default_pipelines)
        for id_ in named:
            if id_.type == self.ctx.signal and str(id_) not in known:
                raise OtelierError(f"{self.ctx.id}: pipeline {id_} does not begin with this connector: name it there")

    def consume(self, batch: Batch) -> None:
        route = routed if self.cfg.match_once else matched
        try:
            found, rest = route(batch, self._ways, self._faults)
        except StatementError as error:
            raise Invalid(f"{self.ctx.id}: {error}") from error
        parts = [handed for target, part in found for handed in self._handed(target, part)]
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

    def _way(self, row: RouteConfig, signal: Signal) -> Way[_Target]:
        about = row.about
        if about == "request":
            return _ByRequest(row)
        mode, clock = self.cfg.error_mode, self.ctx.clock
        group = condition_group([row.where], signal=signal, context=about, error_mode=mode)
        edit = row.editor
        statements = [statement_group([edit], signal=signal, context=about, error_mode=mode)] if edit else []
        program = Program(statements, clock) if statements else None
        return Route(Conditions([group], clock, masks(signal)), row.pipelines, row.action == "copy", program)


_OWN: dict[Signal, tuple[str, ...]] = {"traces": ("span",), "metrics": ("metric", "datapoint"), "logs": ("log",)}


class _ByRequest:
    """A row about the client's metadata: all of a batch matches, or nothing. As in the Collector, metadata that is not
    there matches neither `==` nor `!=`, and of several values any."""

    def __init__(self, row: RouteConfig) -> None:
        found = REQUEST.fullmatch(row.where)
        assert found, "checked with the configuration"
        key, sign, self._value = found.groups()
        self._key, self._equal = key.lower(), sign == "=="
        self.target, self.copies = row.pipelines, row.action == "copy"

    def part(self, batch: Batch, report: Report) -> tuple[bytes, Batch | None]:
        del report  # comparing texts can't fail
        values = batch.metadata.get(self._key, ())
        if any((value == self._value) is self._equal for value in values):
            return b"\1" * batch.items, batch
        return bytes(batch.items), None
