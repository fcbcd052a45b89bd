"""Relations between spans of one spanset by the tree of their trace.

Rows are in pre-order and know how many of the next are below them, so that "below" is a range of rows. Entries are
numbered by (set, row), so that ranges of different sets never meet.
"""

import numpy as np

from .. import ast
from .distinct import distinct
from .spansets import Rows, Spansets
from .table import Table
from .values import Bools, Ints

_INVERSE = {">": "<", "<": ">", ">>": "<<", "<<": ">>", "~": "~"}


def related(operator: ast.StructuralOperator, left: Bools, right: Bools, spansets: Spansets, table: Table) -> Bools:
    """Which entries `left operator right` finds; all masks have one value per entry."""
    relation = operator.lstrip("!&")
    of_right = right & _has(relation, left, spansets, table)
    match operator[0]:
        case "!":
            return right & ~of_right
        case "&":
            return of_right | left & _has(_INVERSE[relation], right, spansets, table)
        case _:
            return of_right


def _has(relation: str, left: Bools, spansets: Spansets, table: Table) -> Bools:
    """Entries that stand so to one of `left`: `>` are those whose parent is one."""
    match relation:
        case ">":
            return _below_directly(left, spansets, table)
        case "<":
            return _above_directly(left, spansets, table)
        case ">>":
            return _below(left, spansets, table)
        case "<<":
            return _above(left, spansets, table)
        case _:
            return _beside(left, spansets, table)


def _entries(rows: Rows, spansets: Spansets, table: Table) -> Ints:
    """The entry of each row, in whatever set; -1 for none."""
    place = np.full(table.rows + 1, -1, np.int64)  # the last is where row -1 points
    place[spansets.rows] = np.arange(len(spansets.rows))
    return place[rows]


def _parents(spansets: Spansets, table: Table) -> Ints:
    """The parent's entry in the same set, -1 for none."""
    entries = _entries(table.parents[spansets.rows], spansets, table)
    return np.where((entries >= 0) & (spansets.sets[entries] == spansets.sets), entries, -1)


def _below_directly(left: Bools, spansets: Spansets, table: Table) -> Bools:
    parents = _parents(spansets, table)
    return (parents >= 0) & left[parents]


def _above_directly(left: Bools, spansets: Spansets, table: Table) -> Bools:
    parents = _parents(spansets, table)[left]
    result = np.zeros(len(left), np.bool_)
    result[parents[parents >= 0]] = True
    return result


def _numbers(spansets: Spansets, table: Table) -> tuple[Ints, Ints]:
    """Of entries, ascending: their own, and the last below."""
    own = spansets.sets * table.rows + spansets.rows
    return own, own + table.descendants[spansets.rows]


def _below(left: Bools, spansets: Spansets, table: Table) -> Bools:
    own, last = _numbers(spansets, table)
    reach = np.maximum.accumulate(np.where(left, last, -1))
    before = np.concatenate([np.full(min(1, len(own)), -1, np.int64), reach[:-1]])
    return before >= own


def _above(left: Bools, spansets: Spansets, table: Table) -> Bools:
    own, last = _numbers(spansets, table)
    among = own[left]
    return np.searchsorted(among, last, "right") > np.searchsorted(among, own, "right")


def _beside(left: Bools, spansets: Spansets, table: Table) -> Bools:
    """Of the same parent, or of the same that has not come; a span is not beside itself."""
    parents = table.parents[spansets.rows]
    missing = np.where(parents < 0, table.parent_ids[spansets.rows], np.uint64(0))
    _, families = distinct(spansets.sets, parents, missing)
    others = np.bincount(families, weights=left, minlength=1)[families] - left
    return ((parents >= 0) | (missing != 0)) & (others > 0)
