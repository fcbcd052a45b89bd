"""What a half-typed query already says for sure: the conditions that narrow which names and values to offer."""

from .ast import Attribute, Comparison, Constant, Expression, Filter, Intrinsic, Logical, Pipeline
from .errors import TraceqlError
from .lex import Token, tokens
from .parse import parse
from .validate import check

_ALL = Constant(True, "bool")


def conditions(text: str) -> Filter:
    """The whole conditions of the only filter, joined by `&&`; all spans (`{ }`) where nothing is sure.

    Nothing is, if there are several filters, or `||` in the only one. Never fails.
    """
    words = tokens(text)[:-1]
    braces = [word for word in words if word.kind == "sign" and word.value == "{"]
    if len(braces) != 1:
        return Filter(_ALL)
    parts = _parts(words[words.index(braces[0]) + 1 :])
    if parts is None:
        return Filter(_ALL)
    sure = [condition for part in parts if part and (condition := _condition(text[part[0].at : part[-1].end]))]
    if not sure:
        return Filter(_ALL)
    return Filter(sure[0] if len(sure) == 1 else Logical("&&", tuple(sure)))


def _parts(words: list[Token]) -> list[list[Token]] | None:
    """What is between `&&` up to the closing brace; None at an `||`. Parentheses are kept together."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for word in words:
        sign = word.value if word.kind == "sign" else ""
        if sign == "}":
            break
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == "||":
            return None
        if depth == 0 and sign == "&&":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _condition(text: str) -> Expression | None:
    """A comparison with a field in it that could stand in braces; anything else isn't sure."""
    braced = f"{{{text}\n}}"
    try:
        query = parse(braced)
        check(query, braced)
    except TraceqlError:
        return None
    stage = query.root.stages[0] if isinstance(query.root, Pipeline) else None
    if not isinstance(stage, Filter) or not isinstance(stage.condition, Comparison):
        return None
    condition = stage.condition
    fields = [side for side in (condition.left, condition.right) if isinstance(side, Attribute | Intrinsic)]
    return condition if len(fields) == 1 else None
