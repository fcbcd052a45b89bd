"""PromQL over several lines, as Prometheus formats it: what is longer than a line is taken apart, outermost first."""

from .ast import Aggregate, Binary, Call, Expression, Paren, Subquery, Unary
from .text import aggregation_text, operator_text, subquery_suffix, text_of

_LINE = 100
_INDENT = "  "


def pretty(node: Expression, level: int = 0) -> str:
    """Indented by `level`."""
    indent = _INDENT * level
    match node:
        case Unary():
            return f"{indent}{node.operator}{pretty(node.expression, level).strip()}"
        case Subquery() if not _is_long(node):
            return text_of(node)
        case Subquery():
            return pretty(node.expression, level) + subquery_suffix(node)
        case Aggregate() | Binary() | Call() | Paren() if _is_long(node):
            return _split(node, level, indent)
        case _:
            return indent + text_of(node)


def _split(node: Aggregate | Binary | Call | Paren, level: int, indent: str) -> str:
    match node:
        case Aggregate():
            parameter = "" if node.parameter is None else f"{pretty(node.parameter, level + 1)},\n"
            inner = pretty(node.expression, level + 1)
            return f"{indent}{aggregation_text(node)}(\n{parameter}{inner}\n{indent})"
        case Binary():
            left, right = (pretty(each, level + 1) for each in (node.left, node.right))
            return f"{left}\n{indent}{operator_text(node)}\n{right}"
        case Call():
            arguments = ",\n".join(pretty(each, level + 1) for each in node.arguments)
            return f"{indent}{node.function}(\n{arguments}\n{indent})"
        case Paren():
            return f"{indent}(\n{pretty(node.expression, level + 1)}\n{indent})"


def _is_long(node: Expression) -> bool:
    return len(text_of(node).encode(errors="surrogateescape")) > _LINE
