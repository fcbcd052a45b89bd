"""PromQL: the language and its engine.

`parse` makes a tree (`ast`) of a text, with positions; `text_of` writes it back. `Engine` evaluates it over a
`Storage`, on blocks of series × steps.
"""

from .engine import Answer, Engine, Series
from .errors import ExecutionError, ParseError, QueryTimeout, TooManySamples
from .explain import Explanation
from .parse import parse
from .query import Options
from .storage import Group, Storage
from .text import text_of

__all__ = [
    "Answer",
    "Engine",
    "ExecutionError",
    "Explanation",
    "Group",
    "Options",
    "ParseError",
    "QueryTimeout",
    "Series",
    "Storage",
    "TooManySamples",
    "parse",
    "text_of",
]
