"""Runs scripts: each query as it is, each instant query also pinned with `@` at other moments, and as a range query."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from otelier.query.promql import Answer, Engine, Options, parse, text_of
from otelier.query.promql.ast import Aggregate, Binary, Call, Expression, Paren, Range, Selector, Subquery, Unary
from otelier.query.promql.errors import ExecutionError, ParseError
from otelier.query.promql.histograms import CUSTOM, Histogram
from otelier.query.promql.labels import Labels, value_of, with_value, without
from otelier.query.promql.memory import MemoryStorage
from otelier.query.promql.notation import Point
from otelier.query.promql.signatures import TIME_DEPENDENT

from .checks import Wrong, check_annotations, check_answer, check_failure, check_samples, samples_of
from .script import Clear, Eval, Load, read

OPTIONS = Options(lookback_ms=300_000, default_step_ms=60_000, delayed_names=True, start_timestamps=True)
_CONTEXT = re.compile(r"\b(start|end|step|range)\s*\(\)", re.IGNORECASE)
_MINUTE = 60_000


@dataclass
class Failure:
    line: int
    query: str
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.query}\n    {self.reason}"


def run(text: str) -> tuple[int, list[Failure]]:
    """How many evaluations there are, and which of them failed."""
    storage = MemoryStorage()
    engine = Engine(storage, OPTIONS, time.monotonic)
    count, failures = 0, []
    for command in read(text):
        if isinstance(command, Clear):
            storage.clear()
        elif isinstance(command, Load):
            load(storage, command)
        else:
            count += 1
            try:
                evaluate(engine, command)
            except Wrong as wrong:
                failures.append(Failure(command.line, command.query, str(wrong)))
    return count, failures


def evaluate(engine: Engine, command: Eval) -> None:
    """Raises Wrong."""
    if command.step_ms:
        _checked(command, lambda: engine.range(command.query, command.start_ms, command.end_ms, command.step_ms))
        return
    for query, at in [(command.query, command.start_ms), *pinned(command)]:
        answer = _checked(command, lambda q=query, t=at: engine.instant(q, t), query)
        if answer is not None and command.ranges is None and answer.type != "string" and not _CONTEXT.search(query):
            _as_range(engine, command, query, at, answer)


def _checked(command: Eval, ask, query: str = "") -> Answer | None:
    try:
        answer = ask()
    except (ParseError, ExecutionError) as error:
        if not command.expects("fail"):
            raise Wrong(f"failed: {error} {query}") from None
        message = error.message if isinstance(error, ParseError) else str(error)
        check_failure(command, message)
        return None
    if command.expects("fail"):
        raise Wrong(f"expected to fail {query}")
    try:
        check_annotations(command, answer)
        at = answer.grid.start_ms
        check_answer(command if command.ranges or command.step_ms else replace(command, start_ms=at), answer)
    except Wrong as wrong:
        raise Wrong(f"{wrong} [{query or command.query}]") from None
    return answer


def _as_range(engine: Engine, command: Eval, query: str, at: int, instant: Answer) -> None:
    """The same at the middle of three steps."""
    try:
        answer = engine.range(query, at - _MINUTE, at + _MINUTE, _MINUTE)
    except ExecutionError as error:
        raise Wrong(f"failed as a range: {error} [{query}]") from None
    labels = [each.labels for each in answer.series()]
    if labels != sorted(labels):
        raise Wrong(f"as a range, series are not in order [{query}]")
    samples = {each: {at: times[at]} for each, times in samples_of(answer).items() if at in times}
    wanted = replace(command, start_ms=at, end_ms=at)
    if instant.type == "scalar":
        assert command.scalar is not None
        wanted.results = {(): [command.scalar]}
    try:
        check_samples(wanted, samples, ordered=False)
    except Wrong as wrong:
        raise Wrong(f"as a range: {wrong} [{query}]") from None


def pinned(command: Eval) -> Iterator[tuple[str, int]]:
    """The query with `@` at every selector, at moments that then make no difference."""
    try:
        tree = parse(command.query)
    except ParseError:
        return
    if _time_dependent(tree) or command.ranges is not None:
        return
    at = command.start_ms
    query = text_of(_pinned(tree, at))
    for moment in (-10 * at, 0, at // 5, at, 10 * at) if at else (-1000, 0, 1000):
        yield query, moment


def _time_dependent(node: Expression) -> bool:
    if isinstance(node, Call) and node.function in TIME_DEPENDENT:
        return True
    return any(map(_time_dependent, _children(node)))


def _children(node: Expression) -> tuple[Expression, ...]:
    from otelier.query.promql.ast import children

    return children(node)


def _pinned(node: Expression, at: int) -> Expression:
    match node:
        case Selector() | Subquery():
            return node if node.pinned is not None else replace(node, pinned=at)
        case Range():
            return replace(node, selector=_pinned(node.selector, at))
        case Paren() | Unary():
            return replace(node, expression=_pinned(node.expression, at))
        case Binary():
            return replace(node, left=_pinned(node.left, at), right=_pinned(node.right, at))
        case Aggregate():
            parameter = None if node.parameter is None else _pinned(node.parameter, at)
            return replace(node, expression=_pinned(node.expression, at), parameter=parameter)
        case Call():
            return replace(node, arguments=tuple(_pinned(each, at) for each in node.arguments))
        case _:
            return node


def load(storage: MemoryStorage, command: Load) -> None:
    for labels, points in command.series.items():
        starts = command.starts.get(labels, [])
        for number, point in enumerate(points):
            value = point.value if point.histogram is None else point.histogram
            if value is None:
                continue
            at = number * command.step_ms
            offset = starts[number] if number < len(starts) else None
            storage.append(labels, at, value, 0 if offset is None else at + offset)
    if command.nhcb:
        _load_custom(storage, command)


def _load_custom(storage: MemoryStorage, command: Load) -> None:
    """Native histograms with custom buckets, made of classic ones."""
    found: dict[Labels, dict[int, dict[str | float, float]]] = {}
    for labels, points in command.series.items():
        name = value_of(labels, "__name__")
        base, _, suffix = name.rpartition("_")
        if suffix not in ("bucket", "sum", "count"):
            continue
        key = with_value(without(labels, {"le"}), "__name__", base)
        part = float(value_of(labels, "le")) if suffix == "bucket" else suffix
        for number, point in enumerate(points):
            if point.value is not None:
                found.setdefault(key, {}).setdefault(number * command.step_ms, {})[part] = point.value
    for key, moments in found.items():
        for at, parts in sorted(moments.items()):
            if (histogram := _custom(parts)) is not None:
                storage.append(key, at, histogram)


def _custom(parts: dict[str | float, float]) -> Histogram | None:
    counts = {bound: count for bound, count in parts.items() if isinstance(bound, float)}
    if not counts:
        return None
    ends = sorted(counts)
    total = parts.get("count", counts[ends[-1]])
    counts[float("inf")] = total
    bounds = tuple(end for end in ends if end != float("inf"))
    before, buckets = 0.0, {}
    for index, end in enumerate([*bounds, float("inf")]):
        if counts[end] != before:
            buckets[index] = counts[end] - before
        before = counts[end]
    return Histogram(CUSTOM, total, parts.get("sum", 0.0), positive=buckets, bounds=bounds)


__all__ = ["Failure", "Point", "run"]
