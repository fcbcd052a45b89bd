"""PromQL's parser under arbitrary input: it answers or raises BadQuery, and what it writes it reads again."""

import contextlib
import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from otelier.query.errors import BadQuery
from otelier.query.promql import parse, text_of
from otelier.query.promql.ast import Call, Selector
from otelier.query.promql.signatures import AGGREGATIONS, FUNCTIONS, ValueType

_NAMES = st.sampled_from(["a", "b:c", "sum", "fill", "x_total", "start"])
_LABELS = st.sampled_from(["job", "le", "instance", "service.name", "offset", "ü"])
_VALUES = st.sampled_from(["", "x", 'q"uote', "back\\slash", "ä\n", "a.*|b"])
_WORDS = st.sampled_from(
    [
        "a", "sum", "rate", "by", "(", ")", "[", "]", "{", "}", "5m", "1", ",", "=", "=~", '"x"', "'y'", "offset", "@",
        "start()", ":", "-", "+", "^", "on", "bool", "or", "and", "0x1", "1e", "fill", "#", "\n", "`", "é", " ",
    ]
)  # fmt: skip


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


_DURATIONS = st.sampled_from(["5m", "300", "1h30m", "step()+1s", "2*min_of(step(),1m)", "1m^2", "(1m)"])
_MODIFIERS = st.sampled_from(["", " offset 5m", " offset -(1m+step())", " @ 12.5", " @ end()", " @ -1 offset 2"])
_OPERATORS = ["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<=", "</", ">/", "and", "or", "unless"]
_DEEPEST = 4


class _Writer:
    """Writes what is valid by its types."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def any(self, kind: ValueType, depth: int = 0) -> str:
        match kind:
            case "string":
                return _quoted(self._draw(_VALUES))
            case "scalar":
                return self._scalar(depth)
            case "range vector":
                if depth < _DEEPEST and self._draw(st.booleans()):
                    step = self._draw(st.sampled_from(["", "1m", "step()"]))
                    ranged = f"({self.any('instant vector', depth + 1)})[{self._draw(_DURATIONS)}:{step}]"
                else:
                    ranged = f"{self._selector()}[{self._draw(_DURATIONS)}]"
                return ranged + self._draw(_MODIFIERS)
            case _:
                return self._vector(depth)

    def _scalar(self, depth: int) -> str:
        form = self._draw(st.integers(0, 3)) if depth < _DEEPEST else 0
        if form == 0:
            return repr(self._draw(st.floats()))
        return self._call("scalar", depth) if form == 1 else f"-({self._scalar(depth + 1)})"

    def _vector(self, depth: int) -> str:
        match self._draw(st.integers(0, 5)) if depth < _DEEPEST else 0:
            case 0:
                return self._selector() + self._draw(_MODIFIERS)
            case 1:
                return self._call("instant vector", depth)
            case 2:
                return self._aggregation(depth)
            case 3:
                return self._binary(depth)
            case 4:
                return f"({self._vector(depth + 1)})"
            case _:
                return f"-{self._vector(depth + 1)}"

    def _selector(self) -> str:
        labels = self._draw(st.lists(st.tuples(_LABELS, st.sampled_from(["=", "!=", "=~", "!~"]), _VALUES), max_size=2))
        matchers = ",".join(
            f"{_quoted(label)}{operator}{_quoted('x' if '~' in operator else value)}"
            for label, operator, value in labels
        )
        return self._draw(_NAMES) + (f"{{{matchers}}}" if matchers else "")

    def _call(self, returns: ValueType, depth: int) -> str:
        fitting = sorted(name for name, each in FUNCTIONS.items() if each.returns == returns and name != "info")
        name = self._draw(st.sampled_from(fitting))
        return f"{name}({', '.join(self.any(each, depth + 1) for each in FUNCTIONS[name].arguments)})"

    def _aggregation(self, depth: int) -> str:
        name = self._draw(st.sampled_from(sorted(AGGREGATIONS)))
        parameter = AGGREGATIONS[name]
        grouping = self._draw(st.sampled_from(["", " by (job)", " without (le, instance)", " by ()"]))
        first = "" if parameter is None else self.any(parameter, depth + 1) + ", "
        return f"{name}{grouping}({first}{self._vector(depth + 1)})"

    def _binary(self, depth: int) -> str:
        operator = self._draw(st.sampled_from(_OPERATORS))
        matching = self._draw(st.sampled_from(["", "on (job)", "ignoring (le)", "on ()"]))
        if operator not in ("and", "or", "unless"):
            if matching:
                matching += self._draw(st.sampled_from(["", " group_left ()", " group_right (x)"]))
            matching += self._draw(st.sampled_from(["", " fill (1)", " fill_left (-2) fill_right (NaN)"]))
        if operator in ("==", "!=", ">", "<="):
            matching = self._draw(st.sampled_from(["", "bool "])) + matching
        return f"{self._vector(depth + 1)} {operator} {matching} {self._vector(depth + 1)}"


@st.composite
def _of(draw: st.DrawFn, kind: ValueType) -> str:
    return _Writer(draw).any(kind)


def _in_order(part: Any) -> Any:
    """The tree with the matchers of each selector in one order: which it is means nothing."""
    if not dataclasses.is_dataclass(part) or isinstance(part, type):
        return part
    inner = {each.name: _in_order(getattr(part, each.name)) for each in dataclasses.fields(part)}
    if isinstance(part, Selector):
        inner["matchers"] = tuple(sorted(part.matchers, key=repr))
    if isinstance(part, Call):
        inner["arguments"] = tuple(map(_in_order, part.arguments))
    return type(part)(**inner)


@given(st.one_of(_of("instant vector"), _of("scalar"), _of("range vector"), _of("string")))
def test_what_is_written_is_read_as_the_same(text: str) -> None:
    tree = parse(text)

    assert _in_order(parse(text_of(tree))) == _in_order(tree)


@given(st.one_of(st.text(), st.lists(_WORDS).map(" ".join), st.lists(_WORDS).map("".join)))
def test_any_text_is_read_or_refused_as_a_bad_query(text: str) -> None:
    try:
        tree = parse(text)
    except BadQuery:
        return
    assert _in_order(parse(text_of(tree))) == _in_order(tree)


@given(_of("instant vector"), st.data())
def test_a_damaged_query_is_read_or_refused_as_a_bad_query(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    damaged = text[:at] + data.draw(_WORDS) + text[at + data.draw(st.integers(0, 3)) :]
    with contextlib.suppress(BadQuery):
        parse(damaged)
