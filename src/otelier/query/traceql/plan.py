"""How a search is answered: what the core decides, and what is decided over columns.

A pipeline has two parts. Its *leading* stages look at traces whole: all that only select spans, and whatever stands
before a `count() = 0`. Of the spans that they find those that start in the query's time go on to the rest. So what a
span's relatives are does not depend on the time that is asked for, and what is counted is what is in it.
"""

from dataclasses import dataclass

from . import ast
from .bracket import Bracket
from .evaluate.stages import asks_for_none
from .fields import fields_in
from .pushdown import found_by
from .tree import walk


@dataclass(frozen=True, slots=True)
class Plan:
    """Of a pipeline."""

    leading: tuple[ast.Stage, ...]
    rest: tuple[ast.Stage, ...]
    found: Bracket
    """By the leading stages."""

    @property
    def decided(self) -> bool:
        """Whether the core alone knows which traces are in the answer, and in which order."""
        return self.found.exact and all(isinstance(each, ast.GroupBy | ast.Coalesce | ast.Select) for each in self.rest)

    @property
    def told(self) -> bool:
        """Whether it also knows what to tell of them: what is found in a trace is one spanset, by time."""
        return self.decided and not any(isinstance(each, ast.GroupBy) for each in self.rest)

    @property
    def by_rows(self) -> bool:
        """Whether a span can be judged without the tree of its trace."""
        alone = self.found.exact or all(isinstance(each, ast.Filter) for each in self.leading)
        return alone and not any(_needs_tree(each) for each in self.over_rows)

    @property
    def over_rows(self) -> tuple[ast.Stage, ...]:
        """What is left to do with spans that `found` may mean."""
        return self.rest if self.found.exact else self.leading + self.rest

    @property
    def sort(self) -> ast.Sort | None:
        """How traces are ordered, if not by the newest span."""
        return next((each for each in self.rest if isinstance(each, ast.Sort)), None)

    @property
    def deciding(self) -> list[ast.Field]:
        """What all stages look at; `select` only shows."""
        return fields_in(*(each for each in self.leading + self.rest if not isinstance(each, ast.Select)))

    @property
    def shown(self) -> list[ast.Field]:
        """What the answer tells of each span."""
        return fields_in(*self.leading, *self.rest)


def plan(pipeline: ast.Pipeline) -> Plan:
    """Of a search, or of the pipeline of metrics."""
    stages = pipeline.stages
    end = 1 + max((at for at, each in enumerate(stages) if _looks_for_none(each)), default=-1)
    while end < len(stages) and _selects(stages[end]):
        end += 1
    return Plan(stages[:end], stages[end:], found_by(stages[:end]))


def _selects(stage: ast.Stage) -> bool:
    return not isinstance(stage, ast.ScalarFilter | ast.GroupBy | ast.Coalesce | ast.Select | ast.Sort)


def _looks_for_none(stage: ast.Stage) -> bool:
    return isinstance(stage, ast.ScalarFilter) and asks_for_none(stage)


def _needs_tree(stage: ast.Stage) -> bool:
    return any(isinstance(each, ast.Structural) for each in walk(stage))
