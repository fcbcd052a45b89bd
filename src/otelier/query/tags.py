"""Names of attributes, and the values that a field has: what forms and editors offer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from . import filter as f
from .gate import Gate
from .snapshot import Snapshot
from .traceql import ast
from .traceql.conditions import condition
from .traceql.fields import field_of
from .traceql.half_typed import conditions

if TYPE_CHECKING:
    from .._core import Column

MAX_VALUES = 10_000
"""Of one answer."""
MAX_NAMES = 100_000
_LATEST_NS = 2**63 - 1
_SCOPES = {"resource": "resource", "span": "span", "event": "event", "link": "link", "scope": "instrumentation"}
"""TraceQL's words for the scopes of attributes, in the order in which they are shown."""
_TAGS = (1, 2, 3, 4, 5)
"""The core's types of values, in its order: texts, booleans, integers, doubles, arrays; others come last."""
_SCALARS: Mapping[type, Literal["string", "bool", "int", "float"]] = {
    str: "string",
    bool: "bool",
    int: "int",
    float: "float",
}


class TagValue(msgspec.Struct, frozen=True, gc=False, rename={"text": "value"}):
    """A value as text, and its type in TraceQL; `keyword`: a word such as `error`. Encoded as Tempo tells it."""

    type: Literal["string", "int", "float", "bool", "duration", "keyword"]
    text: str


class Tags:
    """Answers questions, from several threads; each may raise Busy or StoreUnreadable. Times are ns; 0: no bound."""

    def __init__(self, snapshot: Snapshot, gate: Gate) -> None:
        self._snapshot = snapshot
        self._gate = gate

    def names(self, tenant: str, start_ns: int = 0, end_ns: int = 0) -> dict[str, list[str]]:
        """Sorted names of attributes by TraceQL's scope; no scope without any."""
        end_ns = end_ns or _LATEST_NS
        with self._gate.one():
            found = self._snapshot.read(lambda view, _: view.tag_names(tenant, start_ns, end_ns, MAX_NAMES))
        keys: dict[str, set[str]] = {}
        for scope, key, _ in found:
            keys.setdefault(scope, set()).add(key)
        return {shown: sorted(keys[scope]) for scope, shown in _SCOPES.items() if scope in keys}

    def values(
        self,
        tenant: str,
        field: ast.Field,
        typed: str = "",
        start_ns: int = 0,
        end_ns: int = 0,
        limit: int = MAX_VALUES,
    ) -> list[TagValue]:
        """Distinct values of a field, by type; of arrays, the elements.

        `typed`: a TraceQL query, maybe unfinished; what it says for sure narrows which spans count.
        """
        end_ns = end_ns or _LATEST_NS
        among = condition(conditions(typed).condition).may
        asked = msgspec.json.encode(field_of(field)), f.encoded(among)
        with self._gate.one():
            column = self._snapshot.read(lambda view, _: view.tag_values(tenant, *asked, start_ns, end_ns, limit))
        return _values(column)[:limit]


def _values(column: "Column") -> list[TagValue]:
    """The column's rows are in order of their types, each value once; elements of arrays may be among them again."""
    ends = np.cumsum([column.tags.count(tag) for tag in _TAGS]).tolist()
    strings, bools, ints, doubles, arrays = (slice(*each) for each in zip([0, *ends], ends, strict=False))
    numbers: list[int] = np.frombuffer(column.data, "<i8").tolist()
    reals: list[float] = np.frombuffer(column.data, "<f8")[doubles].tolist()
    texts = column.texts
    found = [TagValue("string", texts[number]) for number in numbers[strings]]
    found += [TagValue("bool", "true" if number else "false") for number in numbers[bools]]
    found += [TagValue("int", str(number)) for number in numbers[ints]]
    found += [TagValue("float", repr(real)) for real in reals]
    elements = [element for number in numbers[arrays] for element in _elements(texts[number])]
    return list(dict.fromkeys(found + elements)) if elements else found


def _elements(array: str) -> list[TagValue]:
    elements = msgspec.json.decode(array, type=list[Any])
    return [
        TagValue(_SCALARS[type(each)], each if isinstance(each, str) else msgspec.json.encode(each).decode())
        for each in elements
        if type(each) in _SCALARS
    ]
