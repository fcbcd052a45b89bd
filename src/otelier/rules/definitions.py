"""Rules as they are written: what a rule file says, checked, with the place of everything."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..component.errors import Location
from ..query.promql.labels import Labels
from ..storage.directory import DEFAULT_TENANT

Source: TypeAlias = Literal["promql", "traceql", "logql"]


@dataclass(frozen=True, slots=True)
class RecordingRule:
    """`record`: the answer of an expression, kept as a metric of that name."""

    name: str
    expr: str
    labels: Labels = ()
    at: Location = field(default_factory=lambda: Location(""), compare=False)


@dataclass(frozen=True, slots=True)
class AlertingRule:
    """`alert`: every series of the answer is something wrong. Times in milliseconds."""

    name: str
    expr: str
    hold_ms: int = 0
    """How long it must be wrong before the alert fires: `for`."""
    keep_firing_ms: int = 0
    """How long the alert goes on after it is not wrong any more: `keep_firing_for`."""
    labels: Labels = ()
    annotations: Labels = ()
    at: Location = field(default_factory=lambda: Location(""), compare=False)


Rule: TypeAlias = RecordingRule | AlertingRule


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated one after the other, all of one moment."""

    name: str
    file: str
    rules: tuple[Rule, ...]
    interval_ms: int = 60_000
    query_offset_ms: int = 0
    """How much earlier than the moment of evaluation the moment is of which is asked."""
    limit: int = 0
    """Most series or alerts of one rule; 0: any number."""
    labels: Labels = ()
    """Of all rules that don't have these themselves."""
    source: Source = "promql"
    """What the expressions ask, and in which language."""
    window_ms: int = 0
    """How much time TraceQL looks at; 0: the interval."""
    tenant: str = DEFAULT_TENANT
    """Whose data is asked, and who gets what is found."""
    at: Location = field(default_factory=lambda: Location(""), compare=False)

    @property
    def key(self) -> str:
        """Tells groups apart."""
        of = "" if self.tenant == DEFAULT_TENANT else f"{self.tenant}/"
        return f"{of}{self.file};{self.name}"


@dataclass(frozen=True, slots=True)
class Defaults:
    """Of groups that don't say it themselves; times in milliseconds."""

    interval_ms: int = 60_000
    query_offset_ms: int = 0


def identity(rule: Rule) -> tuple[str, Labels]:
    """What two rules of one file should not share."""
    return rule.name, rule.labels
