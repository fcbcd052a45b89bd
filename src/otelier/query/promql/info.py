"""info(): series with the labels of the info series that describe the same target."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .arrays import Ints, kept
from .ast import NAME, Call, Expression, Matcher, Selector, Subquery, children, unwrapped
from .block import Block, joined, stacked
from .durations import milliseconds
from .errors import ExecutionError
from .grid import Grid
from .labels import Labels, LabelSets, label_set_text, labels_of, value_of
from .matchers import predicate
from .query import Query
from .select import current

_IDENTIFYING = ("instance", "job")
_TARGET = Matcher("=", NAME, "target_info")
_INFO = Matcher("=~", NAME, ".+_info")


def enriched(query: Query, node: Call, block: Block, grid: Grid) -> Block:
    """Raises ExecutionError if info series contradict each other."""
    selector = unwrapped(node.arguments[1]) if len(node.arguments) > 1 else None
    given: Sequence[Matcher] = selector.matchers if isinstance(selector, Selector) else ()
    names = _name_matchers([each for each in given if each.label == NAME])
    data = [each for each in given if each.label != NAME]
    tests = [predicate(each) for each in names]
    is_info = np.array([all(test(value_of(each, NAME)) for test in tests) for each in block.labels], dtype=np.bool_)
    plain = block.rows(np.flatnonzero(is_info))
    rest = block.rows(np.flatnonzero(~is_info))
    found = _info_series(query, node, rest, [*names, *data], grid)
    return joined(stacked([plain, *_enriched(rest, found, data)], block.steps))


@dataclass(slots=True)
class _Info:
    """An info series: its labels, and by step when its current sample was taken, -1 if there is none."""

    labels: Labels
    times: Ints


def _name_matchers(given: list[Matcher]) -> list[Matcher]:
    if any(each.operator in ("=", "=~") for each in given):
        return given
    return [_INFO, *given] if given else [_TARGET]


def _info_series(query: Query, node: Call, block: Block, matchers: list[Matcher], grid: Grid) -> list[_Info]:
    values = {label: {value_of(each, label) for each in block.labels} - {""} for label in _IDENTIFYING}
    identities = [
        Matcher("=~", label, "|".join(map(re.escape, sorted(each)))) for label, each in values.items() if each
    ]
    if not identities:
        return []
    pinned, offset_ms = _moment(query, node.arguments[0])
    selector = Selector((*identities, *matchers), pinned=pinned, at=node.at, end=node.end)
    moved = Grid(grid.start_ms - offset_ms, grid.step_ms, grid.count) if pinned is None else grid
    found: list[_Info] = []
    for each in current(query, selector, moved):
        group = each.group
        for column in np.flatnonzero(each.there.any(axis=0)):
            if group.histograms is not None and any(item is not None for item in group.histograms[each.index, column]):
                raise ExecutionError("info sample should be float")
            times = np.where(each.there[:, column], group.timestamps[each.index], -1)
            found.append(_Info(group.labels[column], times))
    return found


def _moment(query: Query, node: Expression) -> tuple[int | None, int]:
    """Where the first selector in the expression reads: pinned to a moment, or so much earlier."""
    pinned, offset = None, 0
    while True:
        if isinstance(node, Selector | Subquery):
            own = milliseconds(node.offset, query.step_s, query.range_s)
            if (moment := query.pinned_ms(node.pinned)) is not None:
                pinned, offset = moment, own
            else:
                offset += own
        parts = children(node)
        if not parts:
            return (None, offset) if pinned is None else (pinned - offset, 0)
        node = next((part for part in parts if _selects(part)), parts[0])


def _selects(node: Expression) -> bool:
    return isinstance(node, Selector) or any(map(_selects, children(node)))


def _enriched(block: Block, infos: list[_Info], data: list[Matcher]) -> Iterable[Block]:
    optional = all(predicate(each)("") for each in data)
    wanted = {each.label for each in data}
    by_target: dict[Labels, list[_Info]] = {}
    for each in infos:
        by_target.setdefault(_identity(each.labels), []).append(each)
    filled = block.filled
    for row, labels in enumerate(block.labels):
        variants: dict[Labels, list[int]] = {}
        candidates = by_target.get(_identity(labels), [])
        for step in np.flatnonzero(filled[row]):
            described = _describe(labels, _latest(candidates, int(step)), wanted, optional)
            if described is not None:
                variants.setdefault(described, []).append(int(step))
        for described, steps in variants.items():
            yield _at(block, row, described, steps)


def _identity(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] in _IDENTIFYING)


def _latest(candidates: list[_Info], step: int) -> list[Labels]:
    """For each info metric the series with the newest sample."""
    newest: dict[str, _Info] = {}
    for each in candidates:
        if each.times[step] < 0:
            continue
        name = value_of(each.labels, NAME)
        other = newest.get(name)
        if other is not None and other.times[step] == each.times[step]:
            raise ExecutionError(
                f"found duplicate series for info metric: existing {label_set_text(other.labels)} "
                f"@ {other.times[step]}, new {label_set_text(each.labels)} @ {each.times[step]}"
            )
        if other is None or other.times[step] < each.times[step]:
            newest[name] = each
    return [each.labels for each in newest.values()]


def _describe(labels: Labels, infos: list[Labels], wanted: set[str], optional: bool) -> Labels | None:
    """The labels with what the info series say; None if one is demanded and there is none."""
    if not infos and not optional:
        return None
    own, more = dict(labels), dict[str, str]()
    for info in infos:
        for name, value in info:
            if name == NAME or (wanted and name not in wanted):
                continue
            if more.get(name, value) != value:
                raise ExecutionError(f"conflicting label: {name}")
            if name not in own:
                more[name] = value
    return labels_of((own | more).items())


def _at(block: Block, row: int, labels: Labels, steps: list[int]) -> Block:
    part = block.rows([row])
    here = np.zeros((1, block.steps), np.bool_)
    here[0, steps] = True
    histograms = kept(part.histograms, here)
    return replace(part, labels=LabelSets([labels]), present=part.present & here, histograms=histograms)
