"""Values as answers show them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..answer import AnyValue
from .values import ARRAY, BOOL, DOUBLE, DURATION, INT, NIL, OTHER, STATUS, STRING, Values, array_elements

STATUSES = ("unset", "ok", "error")
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_UNITS = (("h", 3_600 * 10**9), ("m", 60 * 10**9))
_SMALL = (("s", 10**9), ("ms", 10**6), ("µs", 10**3))


def any_value(values: Values, row: int) -> AnyValue:
    """None: nil."""
    return any_values(values, np.array([row]))[0]


def any_values(values: Values, rows: NDArray[np.intp]) -> list[AnyValue]:
    """Of these rows, at once; None: nil."""
    tags, data, texts = values.tags[rows], values.data[rows], values.texts
    doubles = data.view(np.float64).tolist()
    return [
        _any(tag, datum, double, texts)
        for tag, datum, double in zip(tags.tolist(), data.tolist(), doubles, strict=True)
    ]


def _any(tag: int, datum: int, double: float, texts: Sequence[str]) -> AnyValue:
    match tag:
        case _ if tag == NIL:
            return None
        case _ if tag in (STRING, OTHER):
            return texts[datum]
        case _ if tag == ARRAY:
            return tuple(array_elements(texts[datum]))
        case _ if tag == BOOL:
            return datum == 1
        case _ if tag == INT:
            return datum
        case _ if tag == DOUBLE:
            return double
        case _ if tag == DURATION:
            return duration(datum)
        case _:
            return _word(STATUSES if tag == STATUS else KINDS, datum)


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if 0 <= number < len(words) else str(number)


def duration(ns: int) -> str:
    """`1.2s`, `1h0m30s`, `250µs`, as Go writes them."""
    if ns < 0:
        return f"-{duration(-ns)}"
    for unit, size in _SMALL:
        if size <= ns < 60 * 10**9:
            return f"{_decimal(ns, size)}{unit}"
    if ns < 60 * 10**9:
        return f"{ns}ns" if ns else "0s"
    text = ""
    for unit, size in _UNITS:
        if text or ns >= size:
            text += f"{ns // size}{unit}"
            ns %= size
    return f"{text}{_decimal(ns, 10**9)}s"


def _decimal(ns: int, size: int) -> str:
    whole, part = divmod(ns, size)
    return f"{whole}.{part:0{len(str(size)) - 1}d}".rstrip("0").rstrip(".") if part else str(whole)
