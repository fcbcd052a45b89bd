"""Random OTTL trees: whatever the grammar can write."""

from hypothesis import strategies as st

from otelier.ottl.ast import (
    And,
    Argument,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    Field,
    ListOf,
    MapOf,
    Name,
    Negative,
    Not,
    Or,
    Path,
    Statement,
    Truth,
)

_WORDS = {"and", "or", "not", "where", "nil", "true", "false"}
_MEANT = {"None", "True", "False", "NOT"}
_names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: name not in _WORDS)
_capitals = st.from_regex(r"[A-Z][A-Za-z0-9_]{0,8}", fullmatch=True).filter(lambda word: word not in _MEANT)
_texts = st.text(st.characters(codec="utf-8"), max_size=8)
_numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_scalars = st.none() | st.booleans() | _texts | st.binary(min_size=1, max_size=4) | _numbers
_few = st.integers(0, 2)


@st.composite
def values(draw, depth=2):
    kinds = ["constant", "name", "path"] + ["call", "list", "map", "operand"] * (depth > 0)
    match draw(st.sampled_from(kinds)):
        case "constant":
            return Constant(draw(_scalars))
        case "name":
            return Name(draw(_capitals))
        case "path":
            return _path(draw, depth)
        case "call":
            return _call(draw, _capitals, depth, keys=True)
        case "list":
            return ListOf(tuple(draw(values(depth - 1)) for _ in range(draw(_few))))
        case "map":
            return MapOf(tuple((draw(_texts), draw(values(depth - 1))) for _ in range(draw(_few))))
        case _:
            return _operand(draw, depth)


@st.composite
def conditions(draw, depth=2):
    kinds = ["comparison", "truth"] + ["not", "and", "or"] * (depth > 0)
    match draw(st.sampled_from(kinds)):
        case "comparison":
            operator = draw(st.sampled_from(["==", "!=", "<", ">", "<=", ">="]))
            return Comparison(operator, draw(values(1)), draw(values(1)))
        case "truth":
            constant = Constant(draw(st.booleans()))
            return Truth(constant if draw(st.booleans()) else _call(draw, _capitals, 1, keys=False))
        case "not":
            return Not(draw(conditions(depth - 1)))
        case kind:
            inner = tuple(draw(conditions(depth - 1)) for _ in range(2 + draw(st.integers(0, 1))))
            return And(inner) if kind == "and" else Or(inner)


@st.composite
def statements(draw):
    return Statement(_call(draw, _names, 2, keys=False), draw(st.none() | conditions()))


def _path(draw, depth):
    fields = [Field(draw(_names), _keys(draw, depth)) for _ in range(1 + draw(_few))]
    return Path(tuple(fields))


def _keys(draw, depth):
    return tuple(draw(values(depth - 1)) for _ in range(draw(_few))) if depth > 0 else ()


def _call(draw, names, depth, *, keys):
    arguments = [Argument(draw(values(depth - 1))) for _ in range(draw(_few))]
    arguments += [Argument(draw(values(depth - 1)), draw(_names)) for _ in range(draw(_few))]
    return Call(draw(names), tuple(arguments), _keys(draw, depth) if keys else ())


def _operand(draw, depth):
    match draw(st.sampled_from(["number", "path", "call"] + ["sum", "negative"] * (depth > 0))):
        case "number":
            return Constant(draw(_numbers))
        case "path":
            return _path(draw, depth - 1)
        case "call":
            return _call(draw, _capitals, max(depth, 1), keys=True)
        case "sum":
            return Arithmetic(draw(st.sampled_from("+-*/")), _operand(draw, depth - 1), _operand(draw, depth - 1))
        case _:
            return Negative(_operand(draw, depth - 1))
