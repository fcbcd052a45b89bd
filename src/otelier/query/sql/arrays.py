"""Columns as the store gives them → arrays that DuckDB reads without a copy. Runs in the process of the query."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kinds import KIND_NAMES, STATUSES

_STRING, _BOOL, _INT, _DOUBLE = 1, 2, 3, 4
"""Tags, see Column in `_core.pyi`."""
_KINDS: Final = ("unspecified", *KIND_NAMES[1:])
_ID: Final = "CASE WHEN {0} = 0 THEN NULL ELSE lpad(lower(to_hex({0})), 16, '0') END"
_LONG_ID: Final = (
    "CASE WHEN {0} = 0 AND {1} = 0 THEN NULL "
    "ELSE lpad(lower(to_hex({0})), 16, '0') || lpad(lower(to_hex({1})), 16, '0') END"
)


class Made(NamedTuple):
    """A column: SQL over arrays, which stand in it as `{0}`, `{1}` …"""

    sql: str
    arrays: Sequence[NDArray[Any]]


def made(form: str, type_: str, sent: Mapping[str, Any]) -> Made:
    """From what `read` sends for a column; `sent["rows"]`: which of its rows, if not each once."""
    column = _attribute(sent) if form == "any" else _FORMS[form](sent, type_)
    if (rows := sent.get("rows")) is None:
        return column
    picked = np.frombuffer(rows, "<u4")
    return Made(column.sql, [each[picked] for each in column.arrays])


def objects(values: Sequence[Any]) -> NDArray[Any]:
    """One-dimensional, whatever the values are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _cast(values: NDArray[Any], type_: str) -> Made:
    return Made(f"CAST({{0}} AS {type_})", [values])


def _hexadecimal(raw: bytes, size: int) -> list[str]:
    digits, width = raw.hex(), 2 * size
    return [digits[at : at + width] for at in range(0, len(digits), width)]


def _numbers(sent: Mapping[str, Any], type_: str) -> Made:
    return _cast(np.frombuffer(sent["data"], "<i8"), type_)


def _times(sent: Mapping[str, Any], type_: str) -> Made:
    times = np.minimum(np.frombuffer(sent["data"], "<u8"), np.uint64(2**63 - 1))
    return _cast(times.astype("<i8").view("<M8[ns]"), type_)


def _traces(sent: Mapping[str, Any], type_: str) -> Made:
    return _cast(objects(_hexadecimal(sent["ids"], 16))[np.frombuffer(sent["codes"], "<u4")], type_)


def _ids(sent: Mapping[str, Any], _type: str) -> Made:
    """NULL for none. Digits are made of those only that somebody looks at."""
    return Made(_ID, [np.frombuffer(sent["raw"], ">u8").astype("<u8")])


def _long_ids(sent: Mapping[str, Any], _type: str) -> Made:
    halves = np.frombuffer(sent["raw"], ">u8").astype("<u8")
    return Made(_LONG_ID, [np.ascontiguousarray(halves[0::2]), np.ascontiguousarray(halves[1::2])])


def _texts(sent: Mapping[str, Any], type_: str) -> Made:
    texts = objects([*sent["texts"], None])
    there = np.frombuffer(sent["tags"], "u1") == _STRING
    return _cast(texts[np.where(there, np.frombuffer(sent["data"], "<i8"), len(texts) - 1)], type_)


def _named(names: tuple[str, ...]) -> "_Make":
    """A word for each number; NULL for one that has none."""
    words = objects([*names, None])

    def to_words(sent: Mapping[str, Any], type_: str) -> Made:
        numbers = np.frombuffer(sent["data"], "<i8")
        return _cast(words[np.where((numbers >= 0) & (numbers < len(names)), numbers, len(names))], type_)

    return to_words


def _doubles(sent: Mapping[str, Any], type_: str) -> Made:
    """NULL where nothing is."""
    absent = np.frombuffer(sent["absent"], "?")
    return _cast(np.ma.masked_array(np.frombuffer(sent["data"], "<f8"), absent), type_)


def _listed(sent: Mapping[str, Any], type_: str) -> Made:
    """Python's own values; None is NULL."""
    values = sent["values"]
    return Made("NULL", []) if all(each is None for each in values) else _cast(objects(values), type_)


def _maps(sent: Mapping[str, Any], _type: str) -> Made:
    keys, values = objects(sent["keys"]), objects(sent["values"])
    return Made("map(CAST({0} AS VARCHAR[]), CAST({1} AS VARCHAR[]))", [keys, values])


_Make = Callable[[Mapping[str, Any], str], Made]
_FORMS: Final[Mapping[str, _Make]] = {
    "trace": _traces,
    "id": _ids,
    "long id": _long_ids,
    "time": _times,
    "number": _numbers,
    "text": _texts,
    "kind": _named(_KINDS),
    "status": _named(tuple(STATUSES)),
    "double": _doubles,
    "listed": _listed,
    "map": _maps,
}


def _attribute(sent: Mapping[str, Any]) -> Made:
    """Integers, doubles and booleans if all values are; integers and doubles are doubles; anything else is text."""
    tags, data = np.frombuffer(sent["tags"], "u1"), np.frombuffer(sent["data"], "<i8")
    there = set(np.unique(tags).tolist()) - {0}
    absent = tags == 0
    if not there:
        return Made("NULL", [])
    if there == {_INT}:
        return _cast(np.ma.masked_array(data, absent), "BIGINT")
    if there == {_BOOL}:
        return _cast(np.ma.masked_array(data != 0, absent), "BOOLEAN")
    if there <= {_INT, _DOUBLE}:
        return _cast(np.ma.masked_array(np.where(tags == _INT, data, data.view("<f8")), absent), "DOUBLE")
    if there == {_STRING}:
        return _texts(sent, "VARCHAR")
    values = np.full(len(tags), None, dtype=object)
    texts = objects(sent["texts"])
    of_text = (tags == _STRING) | (tags > _DOUBLE)
    values[of_text] = texts[data[of_text]]
    for tag, text_of in ((_BOOL, _bool_text), (_INT, str)):
        rows = tags == tag
        values[rows] = objects([text_of(each) for each in data[rows].tolist()])
    rows = tags == _DOUBLE
    values[rows] = objects([repr(each) for each in data.view("<f8")[rows].tolist()])
    return _cast(values, "VARCHAR")


def _bool_text(value: int) -> str:
    return "true" if value else "false"
