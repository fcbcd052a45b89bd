"""The interpreter: groups run as Python closures on the decoded batch. It can run every group."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..component import Clock
from ..telemetry import Batch, DecodeError
from .compile import Run, Test
from .frame import Frame
from .group import ErrorMode, Group
from .tree import Tree
from .values import OttlError, Value

Report: TypeAlias = Callable[[str, OttlError, ErrorMode], None]
"""Told of each statement or condition that failed and was passed over: its text, why, and the group's error mode."""


class StatementError(OttlError):
    """A statement or condition failed for some item, and its group's error mode is `propagate`."""


class CompiledGroup:
    """A group's closures."""

    def __init__(self, group: Group) -> None:
        self.context = group.context
        self.shared_cache = group.shared_cache
        self._mode: ErrorMode = group.error_mode
        self._tests: list[tuple[str, Test]] = [
            (text, group.compiler(text).condition(tree))
            for tree, text in zip(group.conditions, group.condition_texts, strict=True)
        ]
        self._runs: list[tuple[str, Run]] = [
            (text, group.compiler(text).statement(tree))
            for tree, text in zip(group.statements, group.statement_texts, strict=True)
        ]

    def run(self, tree: Tree, cache: dict[str, Value] | None, report: Report) -> None:
        """The statements on every item. Raises StatementError."""
        frame = tree.frame
        for _ in self.context.walk(frame, tree.resources):
            frame.cache = {} if cache is None else cache
            if self._tests and not self.holds(frame, report):
                continue
            for text, run in self._runs:
                try:
                    run(frame)
                except OttlError as error:
                    self._failed(text, error, report)

    def holds(self, frame: Frame, report: Report) -> bool:
        """Any of the conditions; one that fails doesn't hold. Raises StatementError."""
        for text, test in self._tests:
            try:
                if test(frame):
                    return True
            except OttlError as error:
                self._failed(text, error, report)
        return False

    def _failed(self, text: str, error: OttlError, report: Report) -> None:
        if self._mode == "propagate":
            raise StatementError(f"`{text}`: {error}") from error
        report(text, error, self._mode)


class Interpreter:
    """Runs groups that follow each other; the batch is decoded once and encoded again at the end."""

    def __init__(self, groups: Sequence[Group], clock: Clock) -> None:
        self._groups = tuple(map(CompiledGroup, groups))
        self._clock = clock

    def run(self, batch: Batch, report: Report) -> Batch:
        """The edited batch; the same one if nothing was changed. Raises StatementError."""
        tree = Tree(batch, self._clock)
        caches: dict[str, dict[str, Value]] = {}
        before = ""
        for group in self._groups:
            name = group.context.name
            if before not in ("", name) or tree.frame.restructured:
                tree.settle()  # paths such as `events` give messages whole, which other contexts have edited
            before = name
            group.run(tree, caches.setdefault(name, {}) if group.shared_cache else None, report)
        try:
            return tree.batch()
        except DecodeError as error:
            raise StatementError(f"what the statements made of the batch can't be sent: {error}") from error
