"""Which functions and aggregations there are, and what they take."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

ValueType: TypeAlias = Literal["scalar", "string", "instant vector", "range vector"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Types of the arguments. `optional`: how many of the last may be missing; `repeated`: the last may come again."""

    arguments: tuple[ValueType, ...]
    returns: ValueType = "instant vector"
    optional: int = 0
    repeated: int = 0

    @property
    def least(self) -> int:
        """How many arguments there must be."""
        return len(self.arguments) - self.optional

    @property
    def most(self) -> int:
        """How many arguments there may be."""
        return len(self.arguments) + self.repeated


_MANY = 10_000
_VECTOR = Signature(("instant vector",))
_RANGE = Signature(("range vector",))
_CONSTANT = Signature((), "scalar")
_DATE = Signature(("instant vector",), optional=1)
_TWO_SCALARS = Signature(("scalar", "scalar"), "scalar")
_SORT_BY = Signature(("instant vector", "string"), optional=1, repeated=_MANY)

_OF_VECTOR = """abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count
    histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt start_timestamp
    tan tanh timestamp"""
_OF_RANGE = """absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate
    last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time
    stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time
    ts_of_min_over_time"""
_OF_DATE = "day_of_month day_of_week day_of_year days_in_month hour minute month year"
_OF_NOTHING = "end pi range start step time"

FUNCTIONS: Mapping[str, Signature] = MappingProxyType(
    {
        **dict.fromkeys(_OF_VECTOR.split(), _VECTOR),
        **dict.fromkeys(_OF_RANGE.split(), _RANGE),
        **dict.fromkeys(_OF_DATE.split(), _DATE),
        **dict.fromkeys(_OF_NOTHING.split(), _CONSTANT),
        "clamp": Signature(("instant vector", "scalar", "scalar")),
        "clamp_max": Signature(("instant vector", "scalar")),
        "clamp_min": Signature(("instant vector", "scalar")),
        "double_exponential_smoothing": Signature(("range vector", "scalar", "scalar")),
        "histogram_fraction": Signature(("scalar", "scalar", "instant vector")),
        "histogram_quantile": Signature(("scalar", "instant vector")),
        "histogram_quantiles": Signature(("instant vector", "string", "scalar"), repeated=9),
        "info": Signature(("instant vector", "instant vector"), optional=1),
        "label_join": Signature(("instant vector", "string", "string", "string"), optional=1, repeated=_MANY),
        "label_replace": Signature(("instant vector", "string", "string", "string", "string")),
        "max_of": _TWO_SCALARS,
        "min_of": _TWO_SCALARS,
        "predict_linear": Signature(("range vector", "scalar")),
        "quantile_over_time": Signature(("scalar", "range vector")),
        "round": Signature(("instant vector", "scalar"), optional=1),
        "scalar": Signature(("instant vector",), "scalar"),
        "sort_by_label": _SORT_BY,
        "sort_by_label_desc": _SORT_BY,
        "vector": Signature(("scalar",)),
    }
)

AGGREGATIONS: Mapping[str, ValueType | None] = MappingProxyType(
    {
        **dict.fromkeys(("avg", "count", "group", "max", "min", "stddev", "stdvar", "sum")),
        **dict.fromkeys(("bottomk", "limit_ratio", "limitk", "quantile", "topk"), "scalar"),
        "count_values": "string",
    }
)
"""With the type of the parameter, None for those without."""

TIME_DEPENDENT = frozenset(
    [*_OF_DATE.split(), "predict_linear", "time", "timestamp", "start_timestamp", "start", "end", "step", "range"]
)
"""Functions whose answer depends on when they are asked, even if the arguments do not."""
