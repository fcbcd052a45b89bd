"""Whether a rule's expression can be read, in whichever language it is."""

from ..query.errors import BadQuery
from ..query.logql import ast as logql
from ..query.logql.parse import parse as parse_logql
from ..query.promql import parse as parse_promql
from ..query.promql.types import type_of
from ..query.traceql import ast as traceql
from ..query.traceql import read as read_traceql
from .definitions import Source

_NUMBERS = frozenset({"scalar", "instant vector"})


def expression_problem(source: Source, text: str) -> str:
    """What is wrong with it; empty if nothing is."""
    try:
        return _promql(text) if source == "promql" else _traceql(text) if source == "traceql" else _logql(text)
    except BadQuery as error:
        return str(error)


def _promql(text: str) -> str:
    found = type_of(parse_promql(text))
    return "" if found in _NUMBERS else f"a rule needs a vector or a number, this is a {found}"


def _traceql(text: str) -> str:
    if isinstance(read_traceql(text).root, traceql.Pipeline):
        return (
            "this is a search; a rule needs metrics, such as `{ status = error } | rate() by (resource.service.name)`"
        )
    return ""


def _logql(text: str) -> str:
    if isinstance(parse_logql(text), logql.LogQuery):
        return "this asks for lines; a rule needs numbers, such as `sum by (service_name) (count_over_time({…} [5m]))`"
    return ""
