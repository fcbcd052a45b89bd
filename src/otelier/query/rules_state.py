"""What the API asks about rules and alerts of whoever evaluates them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .promql.labels import Labels

AlertState = Literal["inactive", "pending", "firing"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert that is pending or firing. Times are nanoseconds since the epoch, 0 if there was none."""

    labels: Labels
    annotations: Labels
    state: AlertState
    active_ns: int
    value: float
    keep_firing_since_ns: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and how its last evaluation went."""

    kind: Literal["alerting", "recording"]
    name: str
    query: str
    labels: Labels
    health: Literal["unknown", "ok", "err"] = "unknown"
    last_error: str = ""
    evaluation_s: float = 0.0
    evaluated_ns: int = 0
    state: AlertState = "inactive"
    for_s: float = 0.0
    keep_firing_for_s: float = 0.0
    annotations: Labels = ()
    alerts: Sequence[Alert] = ()


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules that are evaluated one after the other."""

    name: str
    file: str
    interval_s: float
    limit: int = 0
    evaluation_s: float = 0.0
    evaluated_ns: int = 0
    rules: Sequence[Rule] = field(default_factory=tuple[Rule, ...])


class RulesState(Protocol):
    """Any number of threads may ask."""

    def groups(self, tenant: str) -> Sequence[RuleGroup]:
        """In the order of their files."""
        ...

    def alertmanagers(self) -> tuple[Sequence[str], Sequence[str]]:
        """URLs of those that alerts are sent to, and of those that relabelling dropped."""
        ...


class NoRules:
    """A RulesState where nobody evaluates anything."""

    def groups(self, tenant: str) -> Sequence[RuleGroup]:
        """None."""
        return ()

    def alertmanagers(self) -> tuple[Sequence[str], Sequence[str]]:
        """None."""
        return (), ()
