"""Columns as the store gives them → arrays that DuckDB reads without a copy. Runs in the process of the query."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kinds import KIND_NAMES, STATUSES

_STRING, _BOOL, _INT, _DOUBLE = 1, 2, 3, 4
"""Tags, see Column in `_core.pyi`."""
_KINDS: Final = ("unspecified", *KIND_NAMES[1:])


class Made(NamedTuple):
    """A column."""

    values: NDArray[Any] | None
    """None: no row has a value."""
    type: str
    """DuckDB's."""


def made(form: str, type_: str, sent: Mapping[str, Any]) -> Made:
    """From what `read` sends for a column of spans or of logs."""
    return Made(_FORMS[form](sent), type_) if form != "any" else _attribute(sent)


def _objects(values: list[Any]) -> NDArray[Any]:
    """One-dimensional, whatever the values are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _hexadecimal(raw: bytes, size: int) -> list[str]:
    digits, width = raw.hex(), 2 * size
    return [digits[at : at + width] for at in range(0, len(digits), width)]


def _listed(sent: Mapping[str, Any]) -> NDArray[Any]:
    return np.array(sent["values"], dtype=object)


def _times_listed(sent: Mapping[str, Any]) -> NDArray[Any]:
    return np.array(sent["values"], dtype="<i8").view("<M8[ns]")


def _numbers_listed(sent: Mapping[str, Any]) -> NDArray[Any]:
    return np.array(sent["values"], dtype="<i8")


def _numbers(sent: Mapping[str, Any]) -> NDArray[Any]:
    return np.frombuffer(sent["data"], "<i8")


def _times(sent: Mapping[str, Any]) -> NDArray[Any]:
    return np.minimum(np.frombuffer(sent["data"], "<u8"), np.uint64(2**63 - 1)).astype("<i8").view("<M8[ns]")


def _traces(sent: Mapping[str, Any]) -> NDArray[Any]:
    return _objects(_hexadecimal(sent["ids"], 16))[np.frombuffer(sent["codes"], "<u4")]


def _ids(sent: Mapping[str, Any]) -> NDArray[Any]:
    """NULL for none."""
    ids = _objects(_hexadecimal(sent["raw"], 8))
    ids[np.frombuffer(sent["raw"], "<u8") == 0] = None
    return ids


def _texts(sent: Mapping[str, Any]) -> NDArray[Any]:
    texts = _objects([*sent["texts"], None])
    there = np.frombuffer(sent["tags"], "u1") == _STRING
    return texts[np.where(there, np.frombuffer(sent["data"], "<i8"), len(texts) - 1)]


def _named(names: tuple[str, ...]) -> Callable[[Mapping[str, Any]], NDArray[Any]]:
    """A word for each number; NULL for one that has none."""
    words = _objects([*names, None])

    def to_words(sent: Mapping[str, Any]) -> NDArray[Any]:
        numbers = np.frombuffer(sent["data"], "<i8")
        return words[np.where((numbers >= 0) & (numbers < len(names)), numbers, len(names))]

    return to_words


_FORMS: Final[Mapping[str, Callable[[Mapping[str, Any]], NDArray[Any]]]] = {
    "trace": _traces,
    "id": _ids,
    "time": _times,
    "number": _numbers,
    "text": _texts,
    "kind": _named(_KINDS),
    "status": _named(tuple(STATUSES)),
    "listed": _listed,
    "times listed": _times_listed,
    "numbers listed": _numbers_listed,
}


def _attribute(sent: Mapping[str, Any]) -> Made:
    """Integers, doubles and booleans if all values are; integers and doubles are doubles; anything else is text."""
    tags, data = np.frombuffer(sent["tags"], "u1"), np.frombuffer(sent["data"], "<i8")
    there = set(np.unique(tags).tolist()) - {0}
    absent = tags == 0
    if not there:
        return Made(None, "NULL")
    if there == {_INT}:
        return Made(np.ma.masked_array(data, absent), "BIGINT")
    if there == {_BOOL}:
        return Made(np.ma.masked_array(data != 0, absent), "BOOLEAN")
    if there <= {_INT, _DOUBLE}:
        return Made(np.ma.masked_array(np.where(tags == _INT, data, data.view("<f8")), absent), "DOUBLE")
    values = np.full(len(tags), None, dtype=object)
    texts = _objects(sent["texts"])
    of_text = (tags == _STRING) | (tags > _DOUBLE)
    values[of_text] = texts[data[of_text]]
    for tag, text_of in ((_BOOL, _bool_text), (_INT, str)):
        rows = tags == tag
        values[rows] = _objects([text_of(each) for each in data[rows].tolist()])
    rows = tags == _DOUBLE
    values[rows] = _objects([repr(each) for each in data.view("<f8")[rows].tolist()])
    return Made(values, "VARCHAR")


def _bool_text(value: int) -> str:
    return "true" if value else "false"
