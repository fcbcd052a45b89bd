"""Expressions about one span, as they stand in braces: by precedence, loosest first

    && ||   = != < <= > >= =~ !~   + - and minus before   ! before   * / %   ^ (to the right)

which is Tempo's order: `&&` and `||` are one level, and `-a * b` is `-(a * b)`.
"""

from typing import NoReturn, cast

from .ast import (
    Arithmetic,
    ArithmeticOperator,
    Array,
    Attribute,
    Comparison,
    ComparisonOperator,
    Constant,
    ConstantType,
    Expression,
    Field,
    Intrinsic,
    Logical,
    LogicalOperator,
    Negative,
    Not,
)
from .cursor import Cursor
from .lex import Token
from .words import (
    CONSTANTS,
    FUNCTIONS,
    INTRINSICS,
    SCOPES,
    TYPES,
    meant_field,
    meant_intrinsic,
    meant_operator,
    meant_value,
)

LOGIC, COMPARISON, SUM, PREFIX, PRODUCT, POWER = 1, 2, 3, 4, 5, 6
_LEVELS = {
    **dict.fromkeys(("&&", "||"), LOGIC),
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "=~", "!~"), COMPARISON),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "%"), PRODUCT),
    "^": POWER,
}
_INT_MAX = 2**63 - 1
_NUMBERS = ("int", "float", "duration")


class ExpressionParser(Cursor):
    """What stands in braces and in the parentheses of functions."""

    def _expression(self) -> Expression:
        return self._operation(LOGIC)

    def _operation(self, loosest: int) -> Expression:
        """Operators of this level and tighter ones."""
        left = self._operand()
        while True:
            token = self._token
            level = _LEVELS.get(token.value, 0) if token.kind == "sign" else 0
            if level < loosest:
                return left
            self._advance()
            if level == LOGIC:
                left = self._logical(token.value, left)
            elif level == COMPARISON:
                right = self._operation(SUM)
                left = Comparison(cast("ComparisonOperator", token.value), left, right, at=left.at)
            else:
                right = self._right(level)
                left = Arithmetic(cast("ArithmeticOperator", token.value), left, right, at=left.at)

    def _logical(self, operator: str, left: Expression) -> Logical:
        operands = [left, self._operation(COMPARISON)]
        while self._taken(operator):
            operands.append(self._operation(COMPARISON))
        return Logical(cast("LogicalOperator", operator), tuple(operands), at=left.at)

    def _right(self, level: int) -> Expression:
        if level < POWER:
            return self._operation(level + 1)
        with self._deeper():
            return self._operation(POWER)

    def _operand(self) -> Expression:
        token = self._token
        match token.kind:
            case "attribute" | "scoped" | "name":
                return self._constant_word() or self._field()
            case "string" | "int" | "float" | "duration":
                return self._constant()
            case "sign":
                return self._signed()
            case _:
                return self._no_operand()

    def _signed(self) -> Expression:
        """What begins with `-`, `!`, `(` or `[`."""
        token = self._token
        with self._deeper():
            if self._taken("("):
                inner = self._operation(LOGIC)
                self._close(")")
                return inner
            if self._taken("!"):
                return Not(self._operation(PREFIX), at=token.at)
            if self._taken("["):
                return self._array(token.at)
            if not self._taken("-"):
                return self._no_operand()
            number = self._token
            negative = self._operation(PREFIX)
        if isinstance(negative, Constant) and negative.at == number.at and number.kind in _NUMBERS:
            return self._negated(negative, token)
        return Negative(negative, at=token.at)

    def _array(self, at: int) -> Array:
        items = [self._item()]
        while self._taken(","):
            items.append(self._item())
        if not self._taken("]"):
            self._unexpected(", or ]")
        return Array(tuple(items), at=at)

    def _item(self) -> Constant:
        token = self._token
        if self._taken("-"):
            if self._token.kind not in _NUMBERS:
                self._unexpected("a number")
            return self._negated(self._constant(), token)
        if token.kind in ("string", *_NUMBERS):
            return self._constant()
        return self._constant_word() or self._unexpected(
            "a constant", meant_value(self._written(token), None) if token.kind == "name" else ""
        )

    # -- leaves -------------------------------------------------------------------------------

    def _constant(self) -> Constant:
        """A number or string."""
        token = self._token
        if token.kind == "int" and token.value > _INT_MAX:
            self._fail(token, f"{token.value} doesn't fit into 64 bits; write {token.value}.0 for a float")
        self._advance()
        return Constant(token.value, token.kind, at=token.at)  # pyright: ignore[reportArgumentType] - a kind of constant

    def _constant_word(self) -> Constant | None:
        token = self._token
        known = CONSTANTS.get(token.value) if token.kind == "name" else None
        if known is None or self._glued():
            return None
        self._advance()
        return Constant(known.value, known.type, at=token.at)

    def _negated(self, number: Constant, minus: Token) -> Constant:
        return Constant(-cast("float", number.value), number.type, at=minus.at)

    def _field(self) -> Field:
        """An attribute or intrinsic."""
        token = self._token
        if token.kind == "attribute":
            self._advance()
            scope, name, parent = token.value
            return Attribute(scope, name, parent, at=token.at)
        name = INTRINSICS.get(token.value) if token.kind in ("name", "scoped") else None
        if name is None or self._glued():
            return self._no_operand()
        self._advance()
        return Intrinsic(name, at=token.at)

    # -- complaints ---------------------------------------------------------------------------

    def _glued(self) -> bool:
        """Whether the word goes on with a dot, as in `http.method`: then it isn't the intrinsic it seems to be."""
        following = self._tokens[self._next + 1]
        return following.kind == "attribute" and following.at == self._token.end

    def _no_operand(self) -> NoReturn:
        token = self._token
        word = self._written(token)
        match token.kind:
            case "name" if token.value in FUNCTIONS and self._follows("("):
                self._fail(token, f"{word}() stands behind a pipe, not in braces: {{ … }} | {word}(…)")
            case "name":
                following = self._tokens[self._next + 1]
                if token.value in SCOPES and following.kind == "attribute":
                    self._fail(token, f"no space between {word} and its dot", f"{word}{self._written(following)}")
                if self._glued():
                    word += self._written(self._tokens[self._next + 1])
                before = self._before()
                if before and before.kind == "sign" and _LEVELS.get(before.value) == COMPARISON:
                    self._fail(token, f"{word} is no value", meant_value(word, self._compared_type()))
                if meant_operator(word):
                    self._unexpected("a field or a value")
                if (form := meant_field(word)) == word:
                    self._fail(token, f"{word} is a value, and here stands a field, such as .{word} or name")
                self._fail(token, f"{word} is no field", form)
            case "scoped":
                form = meant_intrinsic(word)
                self._fail(token, f"{word} is no intrinsic", form)
            case "sign" if doubled := self._doubled():
                self._unexpected("a field or a value", doubled)
            case _:
                self._unexpected("a field or a value")

    def _doubled(self) -> str:
        """For operators of other languages, which are read as two: `==`, `<>`, `**`."""
        before = self._before()
        if before is None or before.end != self._token.at or before.kind != "sign":
            return ""
        return {"==": "=", "!==": "!=", "<>": "!=", "**": "^", "=>": ">=", "=<": "<="}.get(
            before.value + self._token.value, ""
        )

    def _compared_type(self) -> ConstantType | None:
        """Of the intrinsic that stands at the left of the comparison before the word."""
        left = self._tokens[self._next - 2] if self._next > 1 else None
        name = INTRINSICS.get(left.value) if left and left.kind in ("name", "scoped") else None
        return TYPES[name] if name else None

    def _close(self, sign: str) -> None:
        """The end of braces or parentheses around a condition; anything else gets the nearest right form."""
        if self._taken(sign):
            return
        token = self._token
        before = self._before()
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        wanted = f"an operator or {sign}"
        if token.kind == "sign" and token.value == ":" and before and following.kind != "end":
            self._unexpected(wanted, f"{self._written(before)} = {self._written(following)}")
        if token.kind == "sign" and token.value in (",", "|", "&"):
            self._unexpected(wanted, {",": "&&", "|": "||", "&": "&&"}[token.value])
        if token.kind == "end":
            self._fail(token, f"expected {wanted}; the query ends before all is closed")
        self._unexpected(wanted)
