"""routing: send to some of the pipeline's exporters, by an attribute or by conditions; the former processor.

Exporters that it names must also stand under `exporters` of the pipeline; it hands to them directly, past the
processors behind it. With `value`, the attribute (of the resource, or client metadata) decides, with `statement` a
condition about resources; a resource may match several statements. What nothing matches goes to `default_exporters`.
"""

from collections.abc import Iterable
from typing import Literal

from ..component import ComponentID, Config, Handed, Invalid, OtelierError, RoutingProcessor, hand_out, processor
from ..ottl import (
    Conditions,
    ErrorMode,
    Faults,
    ParseError,
    Program,
    StatementError,
    condition_group,
    parse_statement,
    quoted,
    statement_group,
)
from ..ottl.native import masks
from ..ottl.routes import Route, matched
from ..telemetry import Batch, items_suffix


class RoutingRow(Config):
    """One row of `table`."""

    value: str = ""
    """Of the attribute `from_attribute`."""
    statement: str = ""
    """`route() where …`, about resources; instead of a value."""
    exporters: tuple[ComponentID, ...]
    """Where what matches goes."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """One of both, and somewhere to go."""
        if bool(self.value) == bool(self.statement):
            yield "value", "give either value or statement"
        if not self.exporters:
            yield "exporters", "must name at least one exporter"
        if self.statement:
            try:
                parse_statement(self.statement)
            except ParseError as error:
                yield "statement", str(error)


class RoutingConfig(Config):
    attribute_source: Literal["context", "resource"] = "context"
    """Where the attribute is: context (client metadata) or resource."""
    from_attribute: str = ""
    """The attribute's key."""
    drop_resource_routing_attribute: bool = False
    """Remove the resource's attribute once it has decided."""
    default_exporters: tuple[ComponentID, ...] = ()
    """Where goes what no row matches; without them it is dropped and counted."""
    error_mode: ErrorMode = "propagate"
    """Where a statement fails: propagate refuses the batch, ignore and silent take it as not true."""
    table: tuple[RoutingRow, ...]
    """What goes where."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """A table, and an attribute where a row has a value."""
        if not self.table:
            yield "table", "must have at least one row"
        if not self.from_attribute and any(row.value for row in self.table):
            yield "from_attribute", "must be given: rows of the table have a value"

    def reads_metadata(self) -> bool:
        return self.attribute_source == "context" and any(row.value for row in self.table)


@processor(
    "routing",
    signals={"traces", "metrics", "logs"},
    stability="removed upstream",
    replaced_by="the routing connector chooses among pipelines instead of exporters",
)
class Routing(RoutingProcessor):
    cfg: RoutingConfig

    def setup(self) -> None:
        meter, signal = self.ctx.meter, self.ctx.signal
        assert signal, "one instance per signal"
        self._refused = meter.counter("otelier_routing_refused_items", "{item}", "Items that a route did not take.")
        self._unrouted = meter.counter(
            f"otelcol_processor_dropped_{items_suffix(signal)}",
            "{item}",
            f"{signal} accepted and then lost, by reason.",
        )
        self._faults = Faults(self.ctx, "otelier_routing_errors", "Conditions that failed.")
        self._by_metadata = {
            row.value: row.exporters for row in self.cfg.table if row.value and self.cfg.attribute_source == "context"
        }
        rows = [row for row in self.cfg.table if row.exporters and row.value not in self._by_metadata]
        self._routes = [self._route(row) for row in rows]

    def start(self) -> None:
        named = [id_ for row in self.cfg.table for id_ in row.exporters] + list(self.cfg.default_exporters)
        for id_ in named:
            if id_ not in self.exporters:
                raise OtelierError(f"{self.ctx.id}: exporter {id_} is not in the pipeline {self.ctx.pipeline}: add it")

    def consume(self, batch: Batch) -> None:
        if not batch:
            return
        values = batch.metadata.get(self.cfg.from_attribute.lower(), ())
        to = next((self._by_metadata[value] for value in values if value in self._by_metadata), None)
        parts = [(to, batch)] if to else self._by_content(batch)
        handed: list[Handed] = [
            (f"exporter {id_}", self.exporters[id_], part) for target, part in parts for id_ in target
        ]
        if handed:
            hand_out(f"processor {self.ctx.id}", handed, self._refused)

    def _by_content(self, batch: Batch) -> list[tuple[tuple[ComponentID, ...], Batch]]:
        try:
            parts, rest = matched(batch, self._routes, self._faults)
        except StatementError as error:
            raise Invalid(f"{self.ctx.id}: {error}") from error
        if rest:
            if self.cfg.default_exporters:
                parts.append((self.cfg.default_exporters, rest))
            else:
                self._unrouted.add(rest.items, processor=str(self.ctx.id), reason="no_route")
        return parts

    def _route(self, row: RoutingRow) -> Route[tuple[ComponentID, ...]]:
        key = f"attributes[{quoted(self.cfg.from_attribute)}]"
        where = f"{key} == {quoted(row.value)}" if row.value else str(parse_statement(row.statement).where or "true")
        signal, mode, clock = self.ctx.signal, self.cfg.error_mode, self.ctx.clock
        assert signal
        group = condition_group([where], signal=signal, context="resource", error_mode=mode)
        drop = None
        if row.value and self.cfg.drop_resource_routing_attribute:
            text = f"delete_key(attributes, {quoted(self.cfg.from_attribute)})"
            drop = Program([statement_group([text], signal=signal, context="resource", error_mode=mode)], clock)
        return Route(Conditions([group], clock, masks(signal)), row.exporters, edit=drop)
