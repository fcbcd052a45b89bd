"""What may come next in a half-typed query, with the names and values that the store has."""

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from .. import filter as f
from ..re2 import escaped
from . import ast
from .complete import complete
from .completion import Completion, Names, Values, WordKind
from .evaluate.present import any_value
from .evaluate.table import typed
from .evaluate.values import BOOL, DOUBLE, INT, STRING
from .fields import field_of
from .found import Window
from .half_typed import conditions
from .pushdown import found_by
from .reader import Reader
from .text import written
from .words import TYPES

Kind: TypeAlias = WordKind | Literal["attribute", "value"]

_SCOPES: dict[ast.AttributeScope, tuple[str, ...]] = {"any": ("span", "resource"), "instrumentation": ("scope",)}
"""As the core names them."""


class Suggestion(NamedTuple):
    """What may stand there."""

    text: str
    kind: Kind


class Suggestions(NamedTuple):
    """What may replace the text from `start` to the cursor."""

    start: int
    suggestions: tuple[Suggestion, ...]


def suggest(text: str, cursor: int, reader: Reader, tenant: str, window: Window, limit: int) -> Suggestions:
    """At most `limit` names or values, and the words that fit. Never fails for what is wrong in the text."""
    found = complete(text, cursor)
    words = tuple(Suggestion(word.text, word.kind) for word in found.words)
    if found.names:
        return Suggestions(found.start, words + _names(found.names, reader, tenant, window, limit))
    if found.values:
        return Suggestions(found.start, _values(text, found, found.values, reader, tenant, window, limit) + words)
    return Suggestions(found.start, words)


def _names(names: Names, reader: Reader, tenant: str, window: Window, limit: int) -> tuple[Suggestion, ...]:
    """In the order of the names."""
    scopes = _SCOPES.get(names.scope, (names.scope,))
    keys = {key for scope, key, _ in reader.tag_names(tenant, *window) if scope in scopes}
    fitting = sorted(key for key in keys if key.startswith(names.prefix))[:limit]
    return tuple(Suggestion(written(ast.Attribute(names.scope, key, names.parent)), "attribute") for key in fitting)


def _values(
    text: str, found: Completion, values: Values, reader: Reader, tenant: str, window: Window, limit: int
) -> tuple[Suggestion, ...]:
    """Of spans that fulfil the whole conditions before; of fields with a type of their own only strings."""
    field = values.field
    if isinstance(field, ast.Intrinsic) and TYPES[field.name] != "string":
        return ()
    filters = [found_by((conditions(text[: found.start]),)).may]
    if values.prefix:
        pattern = ast.Constant(escaped(values.prefix) + ".*", "string")
        filters.append(found_by((ast.Filter(ast.Comparison("=~", field, pattern)),)).may)
    column = reader.tag_values(
        tenant, msgspec.json.encode(field_of(field)), f.encoded(f.every(filters)), *window, limit=limit
    )
    known = typed(field, column)
    quoted = text[found.start : found.start + 1] in ('"', "`")
    tags = (STRING,) if quoted else (STRING, BOOL, INT, DOUBLE)
    texts = [_written(any_value(known, row)) for row, tag in enumerate(known.tags.tolist()) if tag in tags]
    return tuple(Suggestion(each, "value") for each in texts)


def _written(value: object) -> str:
    match value:
        case bool():
            return written(ast.Constant(value, "bool"))
        case int():
            return written(ast.Constant(value, "int"))
        case float():
            return written(ast.Constant(value, "float"))
        case _:
            return written(ast.Constant(str(value), "string"))
