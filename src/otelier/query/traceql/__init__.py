"""TraceQL, Tempo's language for traces: text to a checked tree, and back.

query = read('{ status = error } | rate() by (resource.service.name)')   # raises TraceqlError
written(query)                                                           # its normal form
"""

from .ast import Query
from .errors import TraceqlError
from .parse import parse, parse_field
from .text import written
from .validate import check

__all__ = ["Query", "TraceqlError", "check", "parse", "parse_field", "read", "written"]


def read(text: str) -> Query:
    """The query, parsed and checked. Raises TraceqlError."""
    query = parse(text)
    check(query, text)
    return query
