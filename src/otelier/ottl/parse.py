"""Text to the tree of `ast`: by precedence, one function per level.

A value and a condition share their levels, so that `(a + b) * c == d` and `(a == b) or c == d` need no look-ahead; what
was found is checked where it is used.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import NoReturn, TypeAlias, TypeVar

from .ast import (
    And,
    Argument,
    Arithmetic,
    ArithmeticOperator,
    Call,
    Comparison,
    ComparisonOperator,
    Condition,
    Constant,
    Expression,
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
from .lex import ParseError, Token, tokens

_Node: TypeAlias = Expression | Condition
_N = TypeVar("_N")
_COMPARISONS: dict[str, ComparisonOperator] = {"==": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_SUMS: dict[str, ArithmeticOperator] = {"+": "+", "-": "-"}
_PRODUCTS: dict[str, ArithmeticOperator] = {"*": "*", "/": "/"}
_CONSTANTS = {"nil": None, "true": True, "false": False}
_KEYWORDS = {"and", "or", "not", "where"}
_MEANT = {"null": "nil", "none": "nil", "None": "nil", "True": "true", "False": "false", "NOT": "not"}
_DEPTH_MAX = 50
_INT_MAX = 2**63 - 1


def parse_statement(text: str) -> Statement:
    """`editor(…) [where condition]`. Raises ParseError."""
    return _Parser(text).whole(_Parser.statement)


def parse_condition(text: str) -> Condition:
    """A condition alone, as `filter` takes. Raises ParseError."""
    return _Parser(text).whole(_Parser.condition)


def parse_expression(text: str) -> Expression:
    """A value alone. Raises ParseError."""
    return _Parser(text).whole(_Parser.value)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0

    def whole(self, part: "Callable[[_Parser], _N]") -> _N:
        """A part that is all of the text."""
        found = part(self)
        if self._token.kind != "end":
            self._unexpected("the end" if isinstance(found, Statement) and found.where else "an operator or the end")
        return found

    def statement(self) -> Statement:
        """The editor, and maybe `where`."""
        token = self._token
        if token.kind == "capital" and self._followed_by("("):
            self._fail(f"`{token.text}` is a converter; a statement begins with an editor, such as `set(…)`", token)
        if token.kind != "name" or not self._followed_by("("):
            self._fail(f'expected an editor, such as `set(name, "x")`, got {token}', token)
        self._next += 1
        editor = Call(token.text, self._arguments(), at=token.at)
        if self._token.text == "[":
            self._fail("an editor answers nothing that could be indexed", self._token)
        if self._taken("where"):
            return Statement(editor, self.condition(), at=token.at)
        if self._token.kind != "end":
            self._unexpected("`where` or the end", {"if": "where", "WHERE": "where", "when": "where"})
        return Statement(editor, at=token.at)

    def condition(self) -> Condition:
        """Whatever is true or false."""
        start = self._token
        return self._as_condition(self._any_of(), start)

    def value(self) -> Expression:
        """Whatever is worth a value."""
        start = self._token
        return self._as_value(self._sum(), start)

    # -- levels, loosest first ----------------------------------------------------------------

    def _any_of(self) -> _Node:
        start = self._token
        first = self._all_of()
        if self._token.text != "or" or self._token.kind != "name":
            return first
        conditions = [self._as_condition(first, start)]
        while self._taken("or"):
            start = self._token
            conditions.append(self._as_condition(self._all_of(), start))
        return Or(tuple(conditions), at=conditions[0].at)

    def _all_of(self) -> _Node:
        start = self._token
        first = self._negation()
        if self._token.text != "and" or self._token.kind != "name":
            return first
        conditions = [self._as_condition(first, start)]
        while self._taken("and"):
            start = self._token
            conditions.append(self._as_condition(self._negation(), start))
        return And(tuple(conditions), at=conditions[0].at)

    def _negation(self) -> _Node:
        token = self._token
        if not self._taken("not"):
            return self._comparison()
        start = self._token
        with self._deeper():
            return Not(self._as_condition(self._negation(), start), at=token.at)

    def _comparison(self) -> _Node:
        start = self._token
        left = self._sum()
        token = self._token
        if token.kind == "sign" and token.text == "=":
            self._fail("`=` gives an argument its name; compare with `==`", token)
        operator = _COMPARISONS.get(token.text) if token.kind == "sign" else None
        if operator is None:
            return left
        value = self._as_value(left, start)
        self._next += 1
        start = self._token
        right = self._as_value(self._sum(), start)
        if self._token.kind == "sign" and self._token.text in _COMPARISONS:
            self._fail("comparisons can't be chained; join two with `and`", self._token)
        return Comparison(operator, value, right, at=value.at)

    def _sum(self) -> _Node:
        return self._arithmetic(self._product, _SUMS)

    def _product(self) -> _Node:
        return self._arithmetic(self._signed, _PRODUCTS)

    def _arithmetic(self, tighter: "Callable[[], _Node]", operators: dict[str, ArithmeticOperator]) -> _Node:
        start = self._token
        found = tighter()
        while (token := self._token).kind == "sign" and (operator := operators.get(token.text)):
            left = self._operand(found, start)
            self._next += 1
            start = self._token
            found = Arithmetic(operator, left, self._operand(tighter(), start), at=left.at)
        return found

    def _signed(self) -> _Node:
        token = self._token
        if token.kind != "sign" or token.text not in _SUMS:
            return self._primary()
        self._next += 1
        number = self._token
        if number.kind in ("int", "float"):
            self._next += 1
            return Constant(self._number(number, -1 if token.text == "-" else 1), at=token.at)
        with self._deeper():
            value = self._operand(self._signed(), number)
        return Negative(value, at=token.at) if token.text == "-" else value

    def _primary(self) -> _Node:
        token = self._token
        match token.kind:
            case "int" | "float":
                self._next += 1
                return Constant(self._number(token, 1), at=token.at)
            case "string":
                self._next += 1
                return Constant(token.text, at=token.at)
            case "bytes":
                self._next += 1
                if len(token.text) % 2:
                    self._fail("bytes have two hexadecimal digits each", token)
                return Constant(bytes.fromhex(token.text[2:]), at=token.at)
            case "capital":
                return self._capital()
            case "name" if token.text in _CONSTANTS:
                self._next += 1
                return Constant(_CONSTANTS[token.text], at=token.at)
            case "name" if token.text not in _KEYWORDS:
                return self._path()
            case _:
                return self._bracketed()

    def _bracketed(self) -> _Node:
        token = self._token
        with self._deeper():
            if self._taken("("):
                found = self._any_of()
                self._expect(")", {})
                return found
            if self._taken("["):
                return ListOf(tuple(self._several("]", self.value)), at=token.at)
            if self._taken("{"):
                return MapOf(tuple(self._several("}", self._entry)), at=token.at)
        return self._unexpected("a value")

    # -- parts --------------------------------------------------------------------------------

    def _capital(self) -> Name | Call:
        token = self._token
        self._next += 1
        if self._token.text == "(" and self._token.kind == "sign":
            with self._deeper():
                return Call(token.text, self._arguments(), self._keys(), at=token.at)
        if meant := _MEANT.get(token.text):
            self._fail(f"did you mean `{meant}`?", token)
        return Name(token.text, at=token.at)

    def _path(self) -> Path:
        start = self._token
        fields: list[Field] = []
        while True:
            token = self._token
            if token.kind != "name":
                self._unexpected("a field's name (small letters, digits and `_`)")
            self._next += 1
            if not fields and self._token.text == "(" and self._token.kind == "sign":
                self._fail(f"`{token.text}` is an editor; inside of a statement only converters can be called", token)
            fields.append(Field(token.text, self._keys()))
            if not self._taken("."):
                return Path(tuple(fields), at=start.at)

    def _keys(self) -> tuple[Expression, ...]:
        keys: list[Expression] = []
        while self._taken("["):
            with self._deeper():
                keys.append(self.value())
            self._expect("]", {})
        return tuple(keys)

    def _arguments(self) -> tuple[Argument, ...]:
        self._expect("(", {})
        arguments = self._several(")", self._argument)
        named = False
        for argument in arguments:
            if named and argument.name is None:
                raise ParseError(self._text, argument.at, "after a named argument, the others need their names, too")
            named = named or argument.name is not None
        return tuple(arguments)

    def _argument(self) -> Argument:
        token = self._token
        name = None
        if token.kind == "name" and self._followed_by("="):
            self._next += 2
            name = token.text
        with self._deeper():
            return Argument(self.value(), name, at=token.at)

    def _entry(self) -> tuple[str, Expression]:
        token = self._token
        if token.kind != "string":
            self._unexpected('a key in double quotes, as in `{"a": 1}`')
        self._next += 1
        self._expect(":", {"=": ":"})
        return token.text, self.value()

    def _several(self, end: str, part: "Callable[[], _N]") -> list[_N]:
        """Parts with commas between them, up to `end`, which is taken, too."""
        found: list[_N] = []
        if self._taken(end):
            return found
        while True:
            found.append(part())
            if self._taken(end):
                return found
            if not self._taken(","):
                self._unexpected(f"`,` or `{end}`")

    def _number(self, token: Token, sign: int) -> int | float:
        if token.kind == "float":
            number = sign * float(token.text)
            if abs(number) == float("inf"):
                self._fail(f"{token} is too large", token)
            return number
        whole = sign * int(token.text)
        if not -_INT_MAX - 1 <= whole <= _INT_MAX:
            self._fail(f"{token} doesn't fit into 64 bits; write {token.text}.0 for a float", token)
        return whole

    # -- checks -------------------------------------------------------------------------------

    def _as_condition(self, node: _Node, start: Token) -> Condition:
        match node:
            case Comparison() | Truth() | Not() | And() | Or():
                return node
            case Call():
                return Truth(node, at=node.at)
            case Constant() if isinstance(node.value, bool):
                return Truth(node, at=node.at)
            case _:
                message = f"`{node}` is a value, expected a condition: compare it, as in `{node} != nil`"
                raise ParseError(self._text, start.at, message)

    def _as_value(self, node: _Node, start: Token) -> Expression:
        if isinstance(node, Comparison | Truth | Not | And | Or):
            self._fail("expected a value, got a condition", start)
        return node

    def _operand(self, node: _Node, start: Token) -> Expression:
        value = self._as_value(node, start)
        if isinstance(value, Name | ListOf | MapOf) or (
            isinstance(value, Constant) and (isinstance(value.value, bool | str | bytes) or value.value is None)
        ):
            self._fail(f'`{value}` can\'t be calculated with; use Concat([…], "") to join texts', start)
        return value

    # -- tokens -------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _followed_by(self, sign: str) -> bool:
        following = self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        return following.kind == "sign" and following.text == sign

    def _taken(self, text: str) -> bool:
        token = self._token
        if token.text != text or token.kind not in ("sign", "name"):
            return False
        self._next += 1
        return True

    def _expect(self, text: str, meant: dict[str, str]) -> None:
        if not self._taken(text):
            self._unexpected(f"`{text}`", meant)

    def _unexpected(self, wanted: str, meant: dict[str, str] | None = None) -> NoReturn:
        token = self._token
        word = {**_MEANT, **(meant or {})}.get(token.text) if token.kind in ("name", "capital", "sign") else None
        self._fail(f"expected {wanted}, got {token}" + (f"; did you mean `{word}`?" if word else ""), token)

    def _fail(self, message: str, token: Token) -> NoReturn:
        raise ParseError(self._text, token.at, message)

    @contextmanager
    def _deeper(self) -> Generator[None]:
        if self._depth >= _DEPTH_MAX:
            self._fail(f"nested more than {_DEPTH_MAX} deep", self._token)
        self._depth += 1
        yield
        self._depth -= 1
