"""Functions of every float by itself; histograms are left out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from ..arrays import Bools, Floats

ELEMENTWISE: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType(
    {
        "abs": np.abs,
        "acos": np.arccos,
        "acosh": np.arccosh,
        "asin": np.arcsin,
        "asinh": np.arcsinh,
        "atan": np.arctan,
        "atanh": np.arctanh,
        "ceil": np.ceil,
        "cos": np.cos,
        "cosh": np.cosh,
        "deg": np.degrees,
        "exp": np.exp,
        "floor": np.floor,
        "ln": np.log,
        "log10": np.log10,
        "log2": np.log2,
        "rad": np.radians,
        "sgn": np.sign,
        "sin": np.sin,
        "sinh": np.sinh,
        "sqrt": np.sqrt,
        "tan": np.tan,
        "tanh": np.tanh,
    }
)


def clamped(values: Floats, present: Bools, low: Floats, high: Floats) -> tuple[Floats, Bools]:
    """Between two limits, by step; nothing where the limits have crossed."""
    return np.maximum(low, np.minimum(high, values)), present & ~(low > high)


def rounded(values: Floats, to: Floats) -> Floats:
    """To multiples, halves up."""
    with np.errstate(all="ignore"):
        inverse = 1.0 / to
        return np.floor(values * inverse + 0.5) / inverse


def date_part(name: str, seconds: Floats) -> Floats:
    """Of a moment in UTC; NaN of what is no moment."""
    fine = np.isfinite(seconds) & (np.abs(seconds) < 1e14)
    whole = np.trunc(np.where(fine, seconds, 0.0)).astype(np.int64)
    found = _PARTS[name](whole).astype(np.float64)
    return np.where(fine, found, np.nan)


def _days(seconds: np.ndarray) -> np.ndarray:
    return (seconds // 86_400).astype("datetime64[D]")


def _months(seconds: np.ndarray) -> np.ndarray:
    return _days(seconds).astype("datetime64[M]")


_PARTS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {
        "minute": lambda s: s // 60 % 60,
        "hour": lambda s: s // 3600 % 24,
        "day_of_week": lambda s: (s // 86_400 + 4) % 7,
        "day_of_month": lambda s: (_days(s) - _months(s).astype("datetime64[D]")).astype(np.int64) + 1,
        "day_of_year": lambda s: (
            (_days(s) - _days(s).astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) + 1
        ),
        "days_in_month": lambda s: (
            (_months(s) + 1).astype("datetime64[D]") - _months(s).astype("datetime64[D]")
        ).astype(np.int64),
        "month": lambda s: _months(s).astype(np.int64) % 12 + 1,
        "year": lambda s: _months(s).astype(np.int64) // 12 + 1970,
    }
)
DATES = frozenset(_PARTS)
