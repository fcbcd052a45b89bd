"""topk, bottomk, limitk, limit_ratio, which choose series, and count_values."""

from dataclasses import replace

import numpy as np
import xxhash

from ..arrays import Bools, Floats, Ints, at, kept
from ..ast import Aggregate
from ..block import Block, empty, joined
from ..errors import ExecutionError
from ..histograms.text import histogram_text
from ..labels import Labels, LabelSets, grouping, with_value
from ..numbers import fixed, general
from ..query import Query, Scope
from ..strings import is_utf8, quoted
from ..sums import extremes
from .groups import Groups

_LARGEST = 2.0**63


def chosen(query: Query, node: Aggregate, block: Block, parameter: Floats) -> Block:
    """Some of the series, as they are. `parameter` (steps,): how many, or which part."""
    if np.isnan(parameter).any():
        raise ExecutionError("Ratio value is NaN" if node.operator == "limit_ratio" else "Parameter value is NaN")
    if node.operator == "limit_ratio":
        return _masked(block, _ratio(query, node, block, parameter) & block.filled).populated()
    if (np.abs(parameter) >= _LARGEST).any():
        raise ExecutionError(f"Scalar value {general(float(parameter[np.abs(parameter).argmax()]))} overflows int64")
    if not block.labels:
        return block
    groups = Groups(node, block)
    count = np.trunc(parameter)
    if node.operator == "limitk":
        return _masked(block, _first(groups, block, count)).populated()
    if block.histograms is not None and block.native.any():
        Scope(query, node).inform(f"ignored histogram in {node.operator} aggregation")
    sign = -1.0 if node.operator == "topk" else 1.0
    if (keep := _candidates(groups, block, sign, count)) is not None:
        block = block.rows(keep)
        groups = Groups(node, block)
    ranks = _ranks(groups, block, sign)
    found = _masked(block.without_histograms(), (ranks < count) & block.present)
    if block.steps > 1:
        return found.populated()
    place = np.empty(len(block.labels), dtype=np.int64)
    place[groups.order] = np.repeat(np.arange(len(groups.labels)), groups.sizes)
    return found.rows(np.lexsort((ranks[:, 0], place))).populated()


def count_values(node: Aggregate, label: str, block: Block) -> Block:
    """A series for each value in each group, with the value in a label."""
    if not label or not is_utf8(label):
        raise ExecutionError(f"invalid label name {quoted(label)}")
    names = node.labels if node.without else (*node.labels, label)
    change = grouping(names, node.without)
    counts: dict[Labels, Floats] = {}
    unnamed: dict[Labels, bool] = {}
    native = block.native
    for row, labels in enumerate(block.labels):
        for step in np.flatnonzero(block.present[row] | native[row]):
            if native[row, step]:
                text = histogram_text(at(block.histograms, row, int(step)))
            else:
                text = fixed(float(block.values[row, step]))
            key = change(with_value(labels, label, text))
            counts.setdefault(key, np.zeros(block.steps))[step] += 1
            unnamed[key] = unnamed.get(key, False) or bool(block.unnamed_series()[row])
    if not counts:
        return empty(block.steps)
    values = np.array(list(counts.values()))
    return joined(Block(LabelSets(counts), values, values > 0, None, np.array([unnamed[key] for key in counts])))


def _masked(block: Block, wanted: Bools) -> Block:
    return replace(block, present=block.present & wanted, histograms=kept(block.histograms, wanted))


def _candidates(groups: Groups, block: Block, sign: float, count: Floats) -> Ints | None:
    """Of large groups only the series that are among the first at some step; None if there are no large ones."""
    most = int(count.max())
    large = [number for number, size in enumerate(groups.sizes) if size > max(4 * most, 64)]
    if not large or most < 1:
        return None
    keep = np.ones(len(block.labels), np.bool_)
    for number in large:
        rows = groups.rows(number)
        with np.errstate(all="ignore"):
            key = np.where(block.present[rows], block.values[rows] * sign, np.inf)
        key[np.isnan(key)] = np.inf
        last = np.partition(key, most - 1, axis=0)[most - 1]
        keep[rows] = ((key <= last) & block.present[rows]).any(axis=1)
    return np.flatnonzero(keep)


def _ranks(groups: Groups, block: Block, sign: float) -> np.ndarray:
    """Places in each group, 0 first: by value, NaN after all others, what is absent last."""
    ranks = np.empty(block.values.shape, dtype=np.int64)
    with np.errstate(all="ignore"):
        key = np.where(block.present, block.values * sign, np.inf)
    last = np.where(block.present, np.isnan(key).astype(np.int64), 2)
    key = np.where(np.isnan(key), 0.0, key)
    for number in range(len(groups.labels)):
        rows = groups.rows(number)
        order = np.lexsort((key[rows], last[rows]), axis=0)
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(len(rows))[:, np.newaxis].repeat(block.steps, axis=1), axis=0)
        ranks[rows] = place
    return ranks


def _first(groups: Groups, block: Block, count: Floats) -> Bools:
    wanted = np.zeros(block.present.shape, np.bool_)
    filled = block.filled
    for number in range(len(groups.labels)):
        rows = groups.rows(number)
        wanted[rows] = filled[rows] & (np.cumsum(filled[rows], axis=0) <= count)
    return wanted


def _ratio(query: Query, node: Aggregate, block: Block, ratio: Floats) -> Bools:
    """By a hash of the labels: the same series are chosen each time, and -r chooses what 1-r does not."""
    assert node.parameter is not None
    for value in extremes(ratio, -1.0, 1.0):
        cap = 1 if value > 0 else -1
        message = f"ratio value should be between -1 and 1, got {general(value)}, capping to {cap}"
        query.annotations.warn(message, node.parameter)
    limit = np.clip(ratio, -1, 1)
    place = np.array([[_place(labels)] for labels in block.labels]).reshape(-1, 1)
    return np.where(limit >= 0, place < limit, place >= 1 + limit)


def _place(labels: Labels) -> float:
    text = b"".join(each.encode(errors="surrogateescape") + b"\xff" for pair in labels for each in pair)
    return xxhash.xxh64_intdigest(text) / 2.0**64
