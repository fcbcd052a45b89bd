"""What groups count of themselves, under the names that Prometheus gives it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from ..component import Meter, Reading
from .group import Group

_READ: tuple[tuple[str, Literal["counter", "gauge"], str, str, Callable[[Group], float]], ...] = (
    (
        "prometheus_rule_evaluations", "counter", "{evaluation}", "Evaluations of rules.",
        lambda group: group.tally.evaluations,
    ),
    (
        "prometheus_rule_evaluation_failures", "counter", "{evaluation}", "Evaluations of rules that failed.",
        lambda group: group.tally.failures,
    ),
    (
        "prometheus_rule_group_iterations", "counter", "{iteration}", "Evaluations of groups, missed ones too.",
        lambda group: group.tally.iterations,
    ),
    (
        "prometheus_rule_group_iterations_missed", "counter", "{iteration}",
        "Evaluations of groups that were left out, because those before took too long.",
        lambda group: group.tally.missed,
    ),
    (
        "prometheus_rule_group_interval_seconds", "gauge", "s", "From one evaluation of a group to the next.",
        lambda group: group.definition.interval_ms / 1000,
    ),
    (
        "prometheus_rule_group_last_duration_seconds", "gauge", "s", "How long the last evaluation of a group took.",
        lambda group: group.evaluation_s,
    ),
    (
        "prometheus_rule_group_last_evaluation_timestamp_seconds", "gauge", "s", "When a group was last evaluated.",
        lambda group: group.evaluated_ms / 1000,
    ),
    (
        "prometheus_rule_group_last_evaluation_samples", "gauge", "{sample}", "Written by the last evaluation.",
        lambda group: group.tally.samples,
    ),
    ("prometheus_rule_group_rules", "gauge", "{rule}", "Rules of a group.", lambda group: len(group.rules)),
)  # fmt: skip


def observe(meter: Meter, groups: Callable[[], Sequence[Group]]) -> None:
    """Show these numbers of each group."""
    for name, kind, unit, about, read in _READ:
        meter.observe(name, kind, unit, about, _readings(groups, read))


def _readings(groups: Callable[[], Sequence[Group]], read: Callable[[Group], float]) -> Callable[[], Iterator[Reading]]:
    def readings() -> Iterator[Any]:
        for group in groups():
            yield {"rule_group": group.definition.key}, float(read(group))

    return readings
