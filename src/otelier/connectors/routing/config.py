"""Keys of `routing`."""

import re
from collections.abc import Iterable
from typing import Literal

from ...component import ComponentID, Config
from ...ottl import ErrorMode, GroupError, ParseError, condition_group, parse_statement
from ...telemetry import Signal

REQUEST = re.compile(r'\s*request\["([^"]+)"\]\s*(==|!=)\s*"([^"]*)"\s*')
"""A condition about client metadata: the only form there is."""

Context = Literal["resource", "span", "metric", "datapoint", "log", "request", ""]
_SIGNAL: dict[str, Signal] = {
    "resource": "traces",
    "span": "traces",
    "metric": "metrics",
    "datapoint": "metrics",
    "log": "logs",
}
"""One of those that have the context, to check conditions with."""


class RouteConfig(Config):
    """One row of `table`: what matches goes to these pipelines."""

    context: Context = ""
    """What the condition is about: whole resources, single spans, metrics, data points or log records, or
    (`request`) the client's metadata, as in `request["x-tenant"] == "acme"`. Default: what its paths name, as in
    `span.name == "x"`, otherwise resources."""
    condition: str = ""
    """OTTL; what it holds for goes this way."""
    statement: str = ""
    """The older form: `route() where …`, or an editor that is applied to what goes this way."""
    action: Literal["move", "copy"] = "move"
    """move: later rows do not see it. copy: they do."""
    pipelines: tuple[ComponentID, ...]
    """Where it goes."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """One of both forms, which can be read."""
        if bool(self.condition) == bool(self.statement):
            yield "condition", "give either condition or statement"
            return
        if not self.pipelines:
            yield "pipelines", "must name at least one pipeline"
        if self.context == "request":
            if not REQUEST.fullmatch(self.where):
                yield self.key, 'must be request["key"] == "value" or request["key"] != "value"'
            return
        try:
            about = self.about
            condition_group([self.where], signal=_SIGNAL[about], context=about)
        except ParseError as error:
            yield self.key, str(error)
        except GroupError as error:
            yield from ((self.key, text) for _, text in error.problems)

    @property
    def about(self) -> Context:
        """The context that is given or meant. Raises ParseError."""
        if self.context:
            return self.context
        contexts: tuple[Context, ...] = ("resource", "span", "metric", "datapoint", "log")
        for context in contexts:
            if self._reads_in(context):
                return context
        return "resource"

    def _reads_in(self, context: Context) -> bool:
        try:
            condition_group([self.where], signal=_SIGNAL[context], context=context)
        except GroupError:
            return False
        return context == "resource" or f"{context}." in self.where

    @property
    def key(self) -> str:
        """Which of both is given."""
        return "condition" if self.condition else "statement"

    @property
    def where(self) -> str:
        """The condition's text; empty if the statement has none. Raises ParseError."""
        if self.condition or self.context == "request":
            return self.condition or re.sub(r"^\s*route\(\)\s*where", "", self.statement)
        where = parse_statement(self.statement).where
        return str(where) if where else "true"

    @property
    def editor(self) -> str:
        """What is applied to what goes this way; empty: nothing. Raises ParseError."""
        if self.condition:
            return ""
        call = parse_statement(self.statement).editor
        return "" if call.name == "route" else str(call)


class RoutingConfig(Config):
    table: tuple[RouteConfig, ...]
    """Asked from the first to the last."""
    default_pipelines: tuple[ComponentID, ...] = ()
    """Where goes what no row moves; without them it is dropped and counted."""
    error_mode: ErrorMode = "propagate"
    """Where a condition fails: propagate refuses the batch, ignore and silent take it as not true."""
    match_once: bool = True
    """false: every row is asked about everything, as older Collectors do by default; `action` has no effect
    then, and what none matches goes to `default_pipelines`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """There must be a table."""
        if not self.table:
            yield "table", "must have at least one row"

    def reads_metadata(self) -> bool:
        return any(row.context == "request" for row in self.table)
