"""Of what type an expression is, and whether its parts fit together."""

from typing import NoReturn

from .ast import (
    Aggregate,
    Binary,
    Call,
    Expression,
    Matcher,
    Number,
    Paren,
    Range,
    Selector,
    String,
    Subquery,
    Unary,
    children,
    unwrapped,
)
from .errors import ParseError
from .matchers import predicate
from .signatures import AGGREGATIONS, FUNCTIONS, ValueType

_COMPARISONS = frozenset({"==", "!=", "<=", "<", ">=", ">"})
_SETS = frozenset({"and", "or", "unless"})


def type_of(node: Expression) -> ValueType:
    """What the node is worth."""
    match node:
        case Number():
            return "scalar"
        case String():
            return "string"
        case Range() | Subquery():
            return "range vector"
        case Paren() | Unary():
            return type_of(node.expression)
        case Call():
            return FUNCTIONS[node.function].returns
        case Binary():
            both = {type_of(node.left), type_of(node.right)}
            return "scalar" if both == {"scalar"} else "instant vector"
        case Selector() | Aggregate():
            return "instant vector"


def check(node: Expression, text: str) -> None:
    """The types of all parts fit. Raises ParseError with the position of the first that doesn't."""
    _Check(text).node(node)


class _Check:
    def __init__(self, text: str) -> None:
        self._text = text

    def node(self, node: Expression) -> None:
        match node:
            case Binary():
                self._binary(node)
            case Unary():
                self._unary(node)
            case Aggregate():
                self._aggregate(node)
            case Call():
                self._call(node)
            case Subquery():
                if (found := type_of(node.expression)) != "instant vector":
                    self._fail(f"subquery is only allowed on instant vector, got {found} instead", node)
            case Selector():
                self._selector(node)
            case _:
                pass
        parts = children(node)
        if isinstance(node, Call) and node.function == "info":
            parts = parts[:1]
        for part in parts:
            self.node(part)

    def _binary(self, node: Binary) -> None:
        left, right = type_of(node.left), type_of(node.right)
        for kind in (left, right):
            if kind not in ("scalar", "instant vector"):
                self._fail("binary expression must contain only scalar and instant vector types", node)
        scalar = "scalar" in (left, right)
        if left == right == "scalar" and node.operator in _COMPARISONS and not node.returns_bool:
            self._fail("comparisons between scalars must use BOOL modifier", node)
        if scalar and node.operator in _SETS:
            self._fail(f'set operator "{node.operator}" not allowed in binary scalar expression', node)
        if left == right == "scalar" and node.operator in ("</", ">/"):
            self._fail(f'operator "{node.operator}" trims histograms, it is not allowed between scalars', node)
        if scalar and (node.matching.labels or node.matching.fill_left or node.matching.fill_right):
            self._fail("vector matching only allowed between instant vectors", node)

    def _unary(self, node: Unary) -> None:
        if (found := type_of(node.expression)) not in ("scalar", "instant vector"):
            self._fail(
                f"unary expression only allowed on expressions of type scalar or instant vector, got {found}", node
            )

    def _aggregate(self, node: Aggregate) -> None:
        self._expect(node.expression, "instant vector", "aggregation expression")
        if node.parameter is not None and (wanted := AGGREGATIONS[node.operator]):
            self._expect(node.parameter, wanted, "aggregation parameter")

    def _call(self, node: Call) -> None:
        signature = FUNCTIONS[node.function]
        given = len(node.arguments)
        if not signature.least <= given <= signature.most:
            if signature.least == signature.most:
                wanted = f"{signature.least}"
            else:
                wanted = f"at least {signature.least}" if given < signature.least else f"at most {signature.most}"
            self._fail(f'expected {wanted} argument(s) in call to "{node.function}", got {given}', node)
        for number, argument in enumerate(node.arguments):
            wanted = signature.arguments[min(number, len(signature.arguments) - 1)]
            self._expect(argument, wanted, f'call to function "{node.function}"')
        if node.function == "info" and given == 2:
            selector = unwrapped(node.arguments[1])
            if not isinstance(selector, Selector) or selector != Selector(selector.matchers):
                self._fail('expected label selectors only, such as {k8s_cluster_name=~".+"}, in call to "info"', node)

    def _selector(self, node: Selector) -> None:
        if not any(_needs_value(each) for each in node.matchers):
            self._fail("vector selector must contain at least one non-empty matcher", node)

    def _expect(self, node: Expression, wanted: ValueType, context: str) -> None:
        if (found := type_of(node)) != wanted:
            self._fail(f"expected type {wanted} in {context}, got {found}", node)

    def _fail(self, message: str, node: Expression) -> NoReturn:
        raise ParseError(self._text, node.at, message)


def _needs_value(matcher: Matcher) -> bool:
    """It does not match a series without the label."""
    return not predicate(matcher)("")
