"""What WHERE says of single rows of a view, so that the store need not read the others.

DuckDB runs the statement as it stands over what is read. So a condition may let too much through, never too little:
whatever is not known to be safe means every row. What comes out is `{"all": […]}`, `{"any": […]}` or
`{"column": …, "op": …, "value": …}`, with the operators = < <= > >= like contains prefix exists; times are nanoseconds
since 1970.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, cast

from .columns import LOGS, VIEWS, View

Condition: TypeAlias = dict[str, Any]
Node: TypeAlias = Mapping[str, Any]
Fold: TypeAlias = Callable[[Node], int | None]
"""A moment that is the same for all rows, in nanoseconds."""

_OPERATORS: Final = {
    "COMPARE_EQUAL": "=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_FLIPPED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_TEXT_FUNCTIONS: Final = {
    "~~": "like",
    "contains": "contains",
    "starts_with": "prefix",
    "prefix": "prefix",
    "^@": "prefix",
}
_EPOCHS: Final = {"epoch_ns": 1, "epoch_us": 10**3, "epoch_ms": 10**6, "epoch": 10**9}
_MOMENTS: Final = frozenset({
    "+", "-", "*", "abs", "date_trunc", "datetrunc", "epoch_ms", "make_date", "make_timestamp", "make_timestamp_ms",
    "make_timestamp_ns", "strptime", "to_days", "to_hours", "to_microseconds", "to_milliseconds", "to_minutes",
    "to_months", "to_seconds", "to_timestamp", "to_weeks", "to_years", "trunc",
})  # fmt: skip
"""Functions whose value depends on nothing but their arguments."""
_NOW: Final = frozenset(
    {"now", "today", "get_current_timestamp", "transaction_timestamp", "current_date", "current_timestamp"}
)
_NO_NODE: Final[Node] = {}
_SLACK_NS: Final = 10**9
"""Types of moments differ in precision, and a comparison may round to either."""
_MAX_NS: Final = 2**63 - 1
_EXACT: Final = 2**52
_NO_PLAIN_TEXT: Final = re.compile(
    r"\s*(?:[+-]?[\d.]|[\[{\"]|(?:t|f|true|false|yes|no|y|n|on|off|nan|inf|infinity|null)\s*$).*|", re.I | re.S
)
"""What a column of numbers or booleans may be equal to."""


class Source(NamedTuple):
    """One thing behind FROM."""

    view: View | None
    """None: what it has as columns is not known."""
    name: str
    """Of the view; empty for others."""
    alias: str
    free: bool
    """Whether a row that WHERE would leave out can be left out before."""


def sources(node: Node, hidden: frozenset[str]) -> Iterator[Source]:
    """What a SELECT reads; `hidden`: names that WITH has given another meaning."""
    table: Node = node.get("from_table") or _NO_NODE
    return _sources(table, hidden, free=not node.get("sample"))


def _sources(table: Node, hidden: frozenset[str], *, free: bool) -> Iterator[Source]:
    kind = table.get("type")
    if kind == "JOIN":
        of, how = table.get("ref_type"), table.get("join_type")
        free = free and of in ("REGULAR", "CROSS", "NATURAL", "ASOF")
        both = free and of != "ASOF" and how in ("INNER", "LEFT", "RIGHT", "OUTER", "FULL")
        yield from _sources(table["left"], hidden, free=free)
        yield from _sources(table["right"], hidden, free=both)
        return
    name = str(table.get("table_name", "")).lower() if kind == "BASE_TABLE" else ""
    alias = str(table.get("alias") or name).lower()
    if name not in VIEWS or name in hidden:
        yield Source(None, name if name in VIEWS else "", alias, False)
        return
    plain = not table.get("sample") and not table.get("column_name_alias")
    yield Source(VIEWS[name], name, alias, free and plain)


def wanted(node: Node, source: Source, among: Sequence[Source], fold: Fold) -> Condition | None:
    """What the SELECT wants of a source's rows; None: all of them."""
    if source.view is None or not source.free or not node.get("where_clause"):
        return None
    return _Reader(source.view, source.alias, among, fold).condition(node["where_clause"])


def every(conditions: Sequence[Condition | None]) -> Condition | None:
    """Rows that all of them want that say something."""
    known = [each for each in conditions if each is not None]
    return {"all": known} if known else None


def some(conditions: Sequence[Condition | None]) -> Condition | None:
    """Rows that one of them wants."""
    parts = [each for each in conditions if each is not None]
    if len(parts) < len(conditions) or not parts:
        return None
    return parts[0] if len(parts) == 1 else {"any": parts}


class _Reader:
    def __init__(self, view: View, alias: str, among: Sequence[Source], fold: Fold) -> None:
        self._view = view
        self._alias = alias
        self._single = sum(each.alias == alias for each in among) == 1
        self._fold = fold

    def condition(self, node: Node) -> Condition | None:
        match node.get("class"):
            case "CONJUNCTION":
                parts = [self.condition(each) for each in node["children"]]
                if node["type"] == "CONJUNCTION_OR":
                    return some(parts)
                return every(parts)
            case "COMPARISON":
                return self._comparison(node)
            case "BETWEEN":
                bounds = (">=", node["lower"]), ("<=", node["upper"])
                return every([self._test(node["input"], *each) for each in bounds])
            case "OPERATOR":
                return self._operator(node)
            case "FUNCTION":
                return self._function(node)
            case _:
                return None

    def _comparison(self, node: Node) -> Condition | None:
        operator = _OPERATORS.get(node["type"])
        if operator is None:
            return None
        straight = self._test(node["left"], operator, node["right"])
        return straight or self._test(node["right"], _FLIPPED[operator], node["left"])

    def _operator(self, node: Node) -> Condition | None:
        first, *rest = node["children"]
        if node["type"] == "COMPARE_IN":
            return some([self._test(first, "=", each) for each in rest])
        if node["type"] == "OPERATOR_IS_NOT_NULL" and (name := self._column(first)):
            return {"column": name, "op": "exists", "value": True} if self._view.is_attribute(name) else None
        return None

    def _function(self, node: Node) -> Condition | None:
        operator, arguments = _TEXT_FUNCTIONS.get(str(node["function_name"]).lower()), _arguments(node)
        if operator is None or len(arguments) != 2:
            return None
        name, text = self._column(arguments[0]), _literal(arguments[1])
        if name not in self._view.columns or not isinstance(text, str):
            return None
        return {"column": name, "op": operator, "value": text} if self._form(name) == "text" else None

    def _test(self, left: Node, operator: str, right: Node) -> Condition | None:
        unit = 0
        if left.get("class") == "FUNCTION" and (unit := _EPOCHS.get(str(left["function_name"]).lower(), 0)):
            left = next(iter(_arguments(left)), _NO_NODE)
        name = self._column(left)
        if not name:
            return None
        form = self._form(name)
        if form == "time":
            return self._moment(name, operator, right, unit)
        value = None if unit else _literal(right)
        match form:
            case "number" if isinstance(value, int | float) and not isinstance(value, bool):
                small = isinstance(value, int) or abs(value) < _EXACT
                return {"column": name, "op": operator, "value": value} if small else None
            case "text" | "trace" | "id" | "long id" | "kind" | "status" if operator == "=" and isinstance(value, str):
                return {"column": name, "op": "=", "value": value}
            case "any":
                return _of_attribute(name, operator, value, texts=self._view is LOGS)
            case _:
                return None

    def _moment(self, name: str, operator: str, node: Node, unit: int) -> Condition | None:
        if unit:
            value = _literal(node)
            if not isinstance(value, int | float) or isinstance(value, bool) or abs(value) * unit > _MAX_NS:
                return None
            at, moving = round(value * unit), False
        else:
            moving = any(_moves(each) for each in _all(node))
            at = self._fold(node) if _is_moment(node) else None
        if at is None or (moving and operator not in (">", ">=")):
            return None
        least = {"column": name, "op": ">=", "value": at - _SLACK_NS}
        most = {"column": name, "op": "<=", "value": at + _SLACK_NS}
        return {"all": [least, most]} if operator == "=" else least if operator in (">", ">=") else most

    def _column(self, node: Node) -> str:
        """Of the view; empty if the node is none."""
        if node.get("type") == "ARRAY_EXTRACT" and "label." in self._view.attributes:
            of, key = node["children"]
            text = _literal(key)
            return f"label.{text}" if self._column(of) == "labels" and isinstance(text, str) and text else ""
        if node.get("class") != "COLUMN_REF":
            return ""
        names = [str(each) for each in node["column_names"]]
        if len(names) == 2 and not (self._single and names[0].lower() == self._alias):
            return ""
        name = names[-1] if len(names) <= 2 else ""
        if name.lower() in self._view.columns:
            return name.lower()
        return name if self._view.is_attribute(name) else ""

    def _form(self, name: str) -> str:
        column = self._view.columns.get(name)
        return column.form if column else "any"


def _of_attribute(name: str, operator: str, value: object, *, texts: bool) -> Condition | None:
    """`texts`: a column of attributes has nothing but texts, also of what were numbers."""
    if isinstance(value, str):
        if operator == "=" and (texts or not _NO_PLAIN_TEXT.fullmatch(value)):
            return {"column": name, "op": "=", "value": value}
        return {"column": name, "op": "exists", "value": True}
    if isinstance(value, bool):
        return {"column": name, "op": "exists", "value": True}
    if isinstance(value, int) or (isinstance(value, float) and abs(value) < _EXACT):
        return {"column": name, "op": operator, "value": value}
    return None


def _literal(node: Node) -> str | int | float | bool | None:
    literal: Node | None = node.get("literal") if node.get("class") == "CONSTANT" else None
    if literal is None:
        return None
    kind, text = str(literal.get("kind")), str(literal.get("text"))
    match kind:
        case "STRING":
            return text
        case "BOOLEAN":
            return text == "true"
        case "INTEGER" if re.fullmatch(r"-?\d{1,19}", text) and abs(int(text)) <= _MAX_NS:
            return int(text)
        case "NUMERIC" if re.fullmatch(r"-?[\d.]+(?:[eE][+-]?\d{1,3})?", text):
            return float(text)
        case _:
            return None


def _arguments(node: Node) -> list[Node]:
    return [each["expression"] for each in node.get("arguments", [])]


def _all(node: Any) -> Iterator[Node]:
    if isinstance(node, list):
        for each in cast("list[Any]", node):
            yield from _all(each)
    elif isinstance(node, dict):
        of = cast("dict[str, Any]", node)
        yield of
        for each in of.values():
            yield from _all(each)


def _moves(node: Node) -> bool:
    """Whether it is a later moment the later it is asked for."""
    names = [*node.get("column_names", []), node.get("function_name", "")]
    return any(str(each).lower() in _NOW for each in names)


def _is_moment(node: Node) -> bool:
    """Made of constants only."""
    match node.get("class"):
        case "CONSTANT":
            return True
        case "CAST":
            return _is_moment(node["child"])
        case "COLUMN_REF":
            return [str(each).lower() for each in node["column_names"]] in (["current_date"], ["current_timestamp"])
        case "FUNCTION":
            known = str(node["function_name"]).lower() in _MOMENTS | _NOW
            return known and all(_is_moment(each) for each in _arguments(node))
        case _:
            return False
