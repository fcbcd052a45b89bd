"""Types of expressions, and what fits together.

An attribute's type is known only for a span, so it fits everywhere; intrinsics and constants have theirs.
"""

from typing import Literal, NoReturn, TypeAlias

from ..._core import Pattern
from . import ast
from .errors import TraceqlError, meant
from .text import written
from .tree import Node, walk
from .words import CONSTANTS, TYPES

Type: TypeAlias = ast.ConstantType | Literal["array"]
"""None stands for what is known only for a span."""

NUMBERS = ("int", "float", "duration")
NAMED = {"int": "an int", "float": "a float", "duration": "a duration", "string": "a string", "bool": "a boolean",
      "status": "a status", "kind": "a kind", "nil": "nil", "array": "an array"}  # fmt: skip
"""With an article."""


class ExpressionCheck:
    """Raises TraceqlError for the first thing that is wrong; `text` is where its positions point to."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _typed(self, expression: ast.Expression) -> Type | None:
        """Its type, after a check of all that is in it."""
        match expression:
            case ast.Constant():
                return expression.type
            case ast.Attribute():
                return None
            case ast.Intrinsic(name):
                return TYPES[name]
            case ast.Negative(operand):
                return self._number("-", operand)
            case ast.Not(operand):
                return self._logical("!", operand)
            case ast.Arithmetic(operator, left, right):
                types = {self._number(operator, left), self._number(operator, right)}
                return next((each for each in (None, "duration", "float", "int") if each in types), None)
            case ast.Array():
                return self._fail(expression, "a list stands only at the right of = != =~ !~")
            case _:
                self._boolean(expression)
                return "bool"

    def _boolean(self, expression: ast.Comparison | ast.Logical) -> None:
        match expression:
            case ast.Comparison():
                self._comparison(expression)
            case ast.Logical(operator, operands):
                for operand in operands:
                    self._logical(operator, operand)

    def _number(self, operator: str, operand: ast.Expression) -> Type | None:
        type_ = self._typed(operand)
        if type_ is not None and type_ not in NUMBERS:
            self._fail(operand, f"{operator} takes numbers; {written(operand)} is {NAMED[type_]}")
        return type_

    def _logical(self, operator: str, operand: ast.Expression) -> Type | None:
        type_ = self._typed(operand)
        if type_ not in (None, "bool"):
            hint = "write a whole condition at each side, as in .a = 1 || .a = 2" if operator != "!" else ""
            self._fail(operand, f"{operator} takes booleans; {written(operand)} is {NAMED[type_]}", hint)
        return type_

    def _comparison(self, comparison: ast.Comparison) -> None:
        operator, left, right = comparison.operator, comparison.left, comparison.right
        if operator in ("=~", "!~"):
            self._match(comparison)
            return
        left_type = self._typed(left)
        if isinstance(right, ast.Array):
            if operator not in ("=", "!="):
                self._fail(right, f"{operator} doesn't take a list")
            for item in right.items:
                self._comparable(operator, left, left_type, item, item.type)
            return
        right_type = self._typed(right)
        self._comparable(operator, left, left_type, right, right_type)
        if operator not in ("=", "!="):
            for side, type_ in ((left, left_type), (right, right_type)):
                if type_ is not None and type_ != "string" and type_ not in NUMBERS:
                    hint = "join two comparisons with &&" if isinstance(side, ast.Comparison) else ""
                    self._fail(side, f"{operator} orders numbers and strings; {written(side)} is {NAMED[type_]}", hint)

    def _comparable(
        self,
        operator: str,
        left: ast.Expression,
        left_type: Type | None,
        right: ast.Expression,
        right_type: Type | None,
    ) -> None:
        if "nil" in (left_type, right_type):
            self._with_nil(
                operator, right if left_type == "nil" else left, right_type if left_type == "nil" else left_type
            )
        elif left_type and right_type and not _alike(left_type, right_type):
            message = f"{written(left)} is {NAMED[left_type]}, {written(right)} is {NAMED[right_type]}"
            self._fail(right, f"{message}: they can't be compared", _hint(left, left_type, right))

    def _with_nil(self, operator: str, other: ast.Expression, type_: Type | None) -> None:
        if operator not in ("=", "!="):
            self._fail(other, f"nil has no order; there are = nil and != nil, not {operator} nil")
        if type_ == "nil":
            return
        if isinstance(other, ast.Constant):
            self._fail(other, f"{written(other)} is never nil")
        never = type_ is not None or (isinstance(other, ast.Attribute) and _is_service(other))
        if operator == "=" and never:
            hint = meant(
                f"!({written(other)} != nil)" if isinstance(other, ast.Intrinsic) and ":" in other.name else ""
            )
            if not hint and type_ in ("string", None):
                hint = meant(f'{written(other)} = ""')
            self._fail(other, f"{written(other)} is never nil", hint)

    def _match(self, comparison: ast.Comparison) -> None:
        operator, right = comparison.operator, comparison.right
        left_type = self._typed(comparison.left)
        if left_type not in (None, "string"):
            self._fail(comparison.left, f"{operator} matches strings; {written(comparison.left)} is {NAMED[left_type]}")
        for item in right.items if isinstance(right, ast.Array) else (right,):
            if not isinstance(item, ast.Constant) or not isinstance(item.value, str):
                self._fail(item, f"{operator} takes a pattern in quotes")
            try:
                Pattern(item.value)
            except ValueError as error:
                self._fail(item, f"{written(item)} is no pattern of RE2: {error}")

    def _about_spans(self, expression: ast.Expression, function: str) -> None:
        if not any(isinstance(each, ast.Attribute | ast.Intrinsic) for each in walk(expression)):
            self._fail(expression, f"{function} is the same for every span; name an attribute or intrinsic")

    def _fail(self, node: Node, message: str, hint: str = "") -> NoReturn:
        raise TraceqlError(self._text, node.at, message, hint)


def _alike(left: Type, right: Type) -> bool:
    return left == right or (left in NUMBERS and right in NUMBERS)


def _hint(left: ast.Expression, left_type: Type | None, right: ast.Expression) -> str:
    """The constant as the other side's type has it: `"error"` is error for a status, `500` is "500" for a string."""
    if isinstance(left, ast.Comparison):
        return "join two comparisons with &&"
    if not isinstance(right, ast.Constant):
        return ""
    if left_type == "string":
        return meant(f'"{written(right)}"')
    if not isinstance(right.value, str):
        return ""
    word = right.value.lower()
    known = CONSTANTS.get(word)
    if known is not None:
        return meant(word) if known.type == left_type else ""
    return meant(right.value) if left_type in NUMBERS and right.value[:1].isdigit() else ""


def _is_service(attribute: ast.Attribute) -> bool:
    return attribute.scope == "resource" and attribute.name == "service.name" and not attribute.parent
