"""Runs tests of rules in memory; a test that is told nothing of time takes none."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from ...component import Clock, OtelierError
from ...query.errors import BadQuery
from ...query.promql import Engine, Options
from ...query.promql.ast import Matcher
from ...query.promql.histograms import Histogram
from ...query.promql.histograms.text import histogram_text
from ...query.promql.labels import Labels, label_set_text
from ...query.promql.memory import MemoryStorage
from ...query.promql.notation import parse_histogram, parse_labels, parse_values
from ...query.promql.numbers import shortest
from ..alerts import Notice
from ..definitions import Defaults, RuleGroup, Source
from ..files import expand, read_files
from ..group import Group, Sample, Surroundings
from ..sources import Vector, last_samples, promql_vector
from .file import AlertTest, ExpressionTest, TestFile, TestGroup, read_test_file

_Alert: TypeAlias = tuple[Labels, Labels]
"""Labels and annotations."""


@dataclass(slots=True)
class Outcome:
    """Of one test: what was not as expected."""

    name: str
    failures: list[str] = field(default_factory=list[str])


class _Memory:
    """Sources over samples in memory."""

    def __init__(self, clock: Clock) -> None:
        self.storage = MemoryStorage()
        self._engine = Engine(self.storage, Options(), clock.monotonic)

    def ask(self, source: Source, text: str, time_ms: int, window_ms: int) -> Vector:
        if source != "promql":
            raise BadQuery(f"a test has metrics only: rules with `source: {source}` can't be tested so")
        return promql_vector(self._engine, text, time_ms)

    def last(self, matchers: Sequence[Matcher], start_ms: int, end_ms: int) -> dict[Labels, tuple[int, float]]:
        return last_samples(self.storage, matchers, start_ms, end_ms)

    def append(self, _: str, samples: Sequence[Sample]) -> None:
        for labels, time_ms, value in samples:
            self.storage.append(labels, time_ms, value)


def run_file(path: Path, clock: Clock, chosen: Sequence[str] = ()) -> list[Outcome]:
    """The outcome of each test, of those whose name holds one of the `chosen` texts. Raises ConfigError."""
    file = read_test_file(path)
    groups = _ordered(read_files(expand(file.rule_files, path.parent), Defaults()), file.group_eval_order)
    outcomes: list[Outcome] = []
    for number, test in enumerate(file.tests):
        name = test.name or f"test {number + 1}"
        if chosen and not any(each in name for each in chosen):
            continue
        outcome = Outcome(name)
        try:
            _Test(file, test, groups, clock, outcome).run()
        except (OtelierError, ValueError) as error:
            outcome.failures.append(str(error))
        outcomes.append(outcome)
    return outcomes


def _ordered(groups: list[RuleGroup], order: Sequence[str]) -> list[RuleGroup]:
    places = {name: number for number, name in enumerate(order)}
    return sorted(groups, key=lambda each: places.get(each.name, -1))


class _Test:
    def __init__(
        self, file: TestFile, test: TestGroup, groups: Iterable[RuleGroup], clock: Clock, outcome: Outcome
    ) -> None:
        self._file = file
        self._test = test
        self._outcome = outcome
        self._memory = _Memory(clock)
        self._start_ms = _start(test.start_timestamp)
        around = Surroundings(
            clock, lambda _: self._memory, self._memory.append, _nobody, test.external_labels, test.external_url
        )
        self._groups = [Group(each, around) for each in groups]
        for each in self._groups:
            each.skip_restore()

    def run(self) -> None:
        """Raises OtelierError, ValueError."""
        self._load()
        asked = sorted(self._test.alert_rule_test, key=lambda each: each.eval_time)
        moments = [*(each.eval_time for each in asked), *(each.eval_time for each in self._test.promql_expr_test)]
        end_ms, step_ms = round(max(moments, default=0) * 1000), round(self._file.evaluation_interval * 1000)
        for since_ms in range(0, end_ms + 1, step_ms):
            self._evaluate(self._start_ms + since_ms)
            while asked and round(asked[0].eval_time * 1000) < since_ms + step_ms:
                self._check_alerts(asked.pop(0))
        for expression in self._test.promql_expr_test:
            self._check_expression(expression)

    def _load(self) -> None:
        step_ms = round(self._test.interval * 1000)
        for given in self._test.input_series:
            labels, rest = parse_labels(given.series)
            if rest.strip():
                raise BadQuery(f"series {given.series!r}: nothing may follow its labels")
            for number, point in enumerate(parse_values(given.values)):
                value = point.value if point.histogram is None else point.histogram
                if value is not None:
                    self._memory.storage.append(labels, self._start_ms + number * step_ms, value)

    def _evaluate(self, time_ms: int) -> None:
        for group in self._groups:
            group.evaluate(time_ms)
            for state in group.rules:
                if state.error:
                    since = (time_ms - self._start_ms) / 1000
                    self._fail(f"rule {state.rule.name} of group {group.definition.name}, at {since:g}s: {state.error}")

    def _check_alerts(self, asked: AlertTest) -> None:
        got: list[_Alert] = []
        for group in self._groups:
            for state in group.rules:
                if state.alerts is not None and state.rule.name == asked.alertname:
                    firing = (each for each in state.alerts.current() if each.state == "firing")
                    got += [(each.labels, tuple(sorted(each.annotations))) for each in firing]
        wanted = [
            (
                tuple(sorted({**each.exp_labels, "alertname": asked.alertname}.items())),
                tuple(sorted(each.exp_annotations.items())),
            )
            for each in asked.exp_alerts
        ]
        if sorted(got) != sorted(wanted):
            self._fail(
                f"alertname: {asked.alertname}, time: {asked.eval_time}\n"
                f"  exp: {_alerts_text(wanted)}\n  got: {_alerts_text(got)}"
            )

    def _check_expression(self, asked: ExpressionTest) -> None:
        time_ms = self._start_ms + round(asked.eval_time * 1000)
        try:
            got = self._memory.ask("promql", asked.expr, time_ms, 0)
        except OtelierError as error:
            self._fail(f"expr: {asked.expr!r}, time: {asked.eval_time}: {error}")
            return
        wanted: Vector = []
        for each in asked.exp_samples:
            labels, rest = parse_labels(each.labels) if each.labels.strip() not in ("", "{}") else ((), "")
            if rest.strip():
                raise BadQuery(f"labels {each.labels!r} of {asked.expr!r} can't be read")
            wanted.append((labels, parse_histogram(each.histogram)[0] if each.histogram else each.value))
        got, wanted = sorted(got, key=lambda pair: pair[0]), sorted(wanted, key=lambda pair: pair[0])
        if len(got) != len(wanted) or not all(map(self._same, got, wanted)):
            self._fail(
                f"expr: {asked.expr!r}, time: {asked.eval_time}\n"
                f"  exp: {_vector_text(wanted)}\n  got: {_vector_text(got)}"
            )

    def _same(self, one: tuple[Labels, float | Histogram], other: tuple[Labels, float | Histogram]) -> bool:
        if one[0] != other[0]:
            return False
        left, right = one[1], other[1]
        if isinstance(left, Histogram) or isinstance(right, Histogram):
            return isinstance(left, Histogram) and isinstance(right, Histogram) and _alike(left, right)
        if left == right or (math.isnan(left) and math.isnan(right)):
            return True
        return self._file.fuzzy_compare and right in (math.nextafter(left, math.inf), math.nextafter(left, -math.inf))

    def _fail(self, text: str) -> None:
        self._outcome.failures.append(text)


def _nobody(_: str, __: Sequence[Notice]) -> None:
    """Whom tests tell of alerts."""


def _alike(left: Histogram, right: Histogram) -> bool:
    return left.hinted("unknown") == right.hinted("unknown")


def _start(text: str) -> int:
    """In milliseconds. Raises ValueError."""
    if not text:
        return 0
    try:
        return round(float(text) * 1000)
    except ValueError:
        pass
    try:
        return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)
    except ValueError:
        raise ValueError(f"start_timestamp {text!r} is neither seconds nor a time as 2026-01-01T00:00:00Z") from None


def _alerts_text(alerts: list[_Alert]) -> str:
    if not alerts:
        return "[]"
    lines = (
        f"labels: {label_set_text(labels)}, annotations: {label_set_text(notes)}" for labels, notes in sorted(alerts)
    )
    return "".join(f"\n    {line}" for line in lines)


def _vector_text(vector: Vector) -> str:
    if not vector:
        return "nil"
    texts = (
        f"{label_set_text(labels)} {histogram_text(value) if isinstance(value, Histogram) else shortest(value)}"
        for labels, value in vector
    )
    return ", ".join(texts)
