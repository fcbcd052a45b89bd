"""Functions of histograms, native and classic."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..annotations import bad_quantile
from ..arrays import Floats, at, cells
from ..ast import Call, Expression, unwrapped
from ..block import Block, joined, stacked
from ..errors import ExecutionError
from ..grid import Grid
from ..histograms import Histogram
from ..histograms.quantiles import variance
from ..labels import with_value
from ..numbers import shortest
from ..query import Scope
from ..strings import is_utf8, quoted
from ..vectors.quantiles import fractions_of, histograms, quantiles_of

if TYPE_CHECKING:
    from ..evaluate import Evaluator


def measure(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """histogram_count, histogram_sum, histogram_avg, histogram_stddev, histogram_stdvar."""
    block = evaluator.vector(node.arguments[0], grid)
    native = block.native
    values = np.zeros(block.values.shape)
    for row, step in cells(native):
        values[row, step] = _measure(node.function, at(block.histograms, row, step))
    return block.calculated(values, evaluator.delayed, native).populated()


def _measure(function: str, histogram: Histogram) -> float:
    match function:
        case "histogram_count":
            return histogram.count
        case "histogram_sum":
            return histogram.sum
        case "histogram_avg":
            with np.errstate(all="ignore"):
                return float(np.float64(histogram.sum) / np.float64(histogram.count))
        case "histogram_stdvar":
            return variance(histogram)
        case _:
            return float(np.sqrt(variance(histogram)))


def quantile(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """histogram_quantile."""
    phi = evaluator.scalar(node.arguments[0], grid)
    check_phi(evaluator, unwrapped(node.arguments[0]), phi)
    scope = Scope(evaluator.query, unwrapped(node.arguments[1]))
    found = histograms(scope, evaluator.vector(node.arguments[1], grid))
    return quantiles_of(scope, found, phi, grid).renamed(evaluator.delayed)


def quantiles(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """histogram_quantiles: several, told apart by a label."""
    label = evaluator.string(node.arguments[1])
    if not label or not is_utf8(label):
        raise ExecutionError(f"invalid label name {quoted(label)}")
    phis = [evaluator.scalar(each, grid) for each in node.arguments[2:]]
    for argument, phi in zip(node.arguments[2:], phis, strict=True):
        check_phi(evaluator, unwrapped(argument), phi)
    scope = Scope(evaluator.query, unwrapped(node.arguments[0]))
    found = histograms(scope, evaluator.vector(node.arguments[0], grid))
    blocks: list[Block] = []
    for phi in phis:
        block = quantiles_of(scope, found, phi, grid)
        for value in np.unique(phi):
            here = np.isnan(phi) if np.isnan(value) else phi == value
            part = replace(block, present=block.present & here)
            blocks.append(part.relabelled(lambda labels, v=value: with_value(labels, label, _quantile_text(float(v)))))
    return joined(stacked(blocks, grid.count).populated()).renamed(evaluator.delayed)


def _quantile_text(value: float) -> str:
    text = shortest(value)
    return text if set(text) & set(".eNI") else text + ".0"


def check_phi(evaluator: "Evaluator", argument: Expression, phi: Floats) -> None:
    """Warn of what is no quantile."""
    for value in np.unique(phi[~((phi >= 0) & (phi <= 1))]):
        evaluator.query.annotations.warn(bad_quantile(float(value)), argument)


def fraction(evaluator: "Evaluator", node: Call, grid: Grid) -> Block:
    """histogram_fraction."""
    lower, upper = (evaluator.scalar(each, grid) for each in node.arguments[:2])
    scope = Scope(evaluator.query, unwrapped(node.arguments[2]))
    found = histograms(scope, evaluator.vector(node.arguments[2], grid))
    return fractions_of(scope, found, lower, upper).renamed(evaluator.delayed)
