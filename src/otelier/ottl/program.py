"""Programs: all groups of statements of one signal, as stages that edit a batch one after the other.

A stage is one way to run some groups. The interpreter can run every group; native code may take groups over that it
knows: `Native` answers a stage for a group, or why it has none.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeAlias

from ..component import Clock
from ..telemetry import Batch
from .ast import Path
from .forms import Step
from .group import NATIVE_OFF, Explanation, Group
from .infer import parts
from .interpret import Interpreter, Report
from .native import NativeStage


class Stage(Protocol):
    """Runs groups that follow each other."""

    def run(self, batch: Batch, report: Report) -> Batch:
        """The edited batch. Raises StatementError."""
        ...


Native: TypeAlias = Callable[[Group], Stage | str]
"""Takes a group over, or says why the interpreter has to run it."""


class Program:
    """Safe for threads."""

    def __init__(self, groups: Iterable[Group], clock: Clock, native: Native | None = None) -> None:
        self.groups = tuple(groups)
        stages: list[Stage] = []
        explanations: list[Explanation] = []
        waiting: list[Group] = []
        for group, found in zip(self.groups, self._ways(native), strict=True):
            if isinstance(found, str):
                waiting.append(group)
                explanations.append(Explanation(group, False, found))
                continue
            if waiting:
                stages.append(Interpreter(waiting, clock))
                waiting = []
            if stages and isinstance(stages[-1], NativeStage) and isinstance(found, NativeStage):
                stages[-1] = stages[-1].join(found)
            else:
                stages.append(found)
            explanations.append(Explanation(group, True))
        if waiting:
            stages.append(Interpreter(waiting, clock))
        self._stages: tuple[Stage, ...] = tuple(stages)
        self.explanations: Sequence[Explanation] = tuple(explanations)
        """One for each group."""

    def starts_native(self) -> bool:
        """Whether native code is the first to see a batch."""
        return isinstance(self._stages[0], NativeStage)

    def absorb(self, steps: Sequence[Step]) -> None:
        """Do these steps, which can't fail, before the first group, in the same walk; it must be native."""
        first, *others = self._stages
        if isinstance(first, NativeStage):
            self._stages = (first.behind(steps), *others)

    def run(self, batch: Batch, report: Report) -> Batch:
        """The edited batch; the same one if nothing was changed. Raises StatementError."""
        for stage in self._stages:
            batch = stage.run(batch, report)
        return batch

    def _ways(self, native: Native | None) -> list[Stage | str]:
        if native is None:
            return [NATIVE_OFF] * len(self.groups)
        sharing = [group for group in self.groups if group.shared_cache and _names_cache(group)]
        if len(sharing) > 1:  # what lies between them has to see the batch at its turn, in the same run
            return ["groups here share a cache"] * len(self.groups)
        return [native(group) for group in self.groups]


def _names_cache(group: Group) -> bool:
    every = (part for node in (*group.statements, *group.conditions) for part in parts(node))
    return any(isinstance(part, Path) and "cache" in (f.name for f in part.fields) for part in every)
