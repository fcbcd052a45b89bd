"""Keys of `transform`."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from ...component import Config
from ...ottl import ErrorMode, Group, GroupError, statement_group
from ...telemetry import SIGNALS, Signal


class StatementsConfig(Config):
    """Statements that run together on each item."""

    context: str = ""
    """What they run on: resource, scope, span, spanevent, metric, datapoint or log. Empty: what the paths' prefixes
    (`span.name`) mean."""
    statements: tuple[str, ...] = ()
    """Run in order on each item."""
    conditions: tuple[str, ...] = ()
    """Run the statements only on items for which any of these holds; none: on all."""
    error_mode: ErrorMode | None = None
    """Instead of the processor's."""
    shared_cache: bool = False
    """Let `cache` keep its values for all items of a batch and for all groups of the context that say so, too."""


_Statements: TypeAlias = list[str] | StatementsConfig


class TransformConfig(Config):
    error_mode: ErrorMode = "propagate"
    """When a statement fails for an item: refuse the batch, `ignore` it (with a warning), or be `silent` about it."""
    trace_statements: tuple[str | StatementsConfig, ...] = ()
    """Statements, or groups of them, for traces. Statements that follow each other without a group make one, in the
    context that their paths' prefixes mean."""
    metric_statements: tuple[str | StatementsConfig, ...] = ()
    """The same for metrics."""
    log_statements: tuple[str | StatementsConfig, ...] = ()
    """The same for logs."""
    flatten_data: bool = False
    """Logs: give each record a resource and scope of its own, so that it can change them, and group them again."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Every statement that isn't OTTL or names what isn't there."""
        for signal in SIGNALS:
            key = f"{signal.removesuffix('s')}_statements"
            for at, each in self._written(signal):
                try:
                    self._group(signal, each)
                except GroupError as error:
                    for where, message in error.problems:
                        yield f"{key}.{_place(at, each, where)}", message

    def groups(self, signal: Signal) -> list[Group]:
        """Ready to run. Raises GroupError, unless there are no `problems`."""
        return [self._group(signal, each) for _, each in self._written(signal)]

    def _written(self, signal: Signal) -> Iterator[tuple[int, _Statements]]:
        """(place in the list, statements): those without a group that follow each other make one."""
        given = {"traces": self.trace_statements, "metrics": self.metric_statements, "logs": self.log_statements}
        alone: list[str] = []
        for at, each in enumerate(given[signal]):
            if isinstance(each, str):
                alone.append(each)
                continue
            if alone:
                yield at - len(alone), alone
                alone = []
            yield at, each
        if alone:
            yield len(given[signal]) - len(alone), alone

    def _group(self, signal: Signal, each: _Statements) -> Group:
        if isinstance(each, list):
            return statement_group(each, signal=signal, error_mode=self.error_mode)
        return statement_group(
            each.statements,
            signal=signal,
            context=each.context,
            conditions=each.conditions,
            error_mode=each.error_mode or self.error_mode,
            shared_cache=each.shared_cache,
        )


def _place(at: int, each: _Statements, where: str) -> str:
    """Below the list of statements: of one alone by its number."""
    return str(at + int(where.rpartition(".")[2])) if isinstance(each, list) else f"{at}.{where}"
