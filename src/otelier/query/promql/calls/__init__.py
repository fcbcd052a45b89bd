"""Functions by name, as the evaluator calls them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..arrays import Floats
from ..ast import Call
from ..block import Block
from ..grid import Grid
from ..ranges import RANGE_FUNCTIONS
from ..vectors.elementwise import DATES, ELEMENTWISE
from . import of_histograms, of_ranges, plain

if TYPE_CHECKING:
    from ..evaluate import Evaluator

CALLS: "Mapping[str, Callable[[Evaluator, Call, Grid], Block | Floats]]" = MappingProxyType(
    {
        **dict.fromkeys(ELEMENTWISE, plain.elementwise),
        **dict.fromkeys(DATES, plain.date),
        **dict.fromkeys(("clamp", "clamp_max", "clamp_min"), plain.clamp),
        **dict.fromkeys(("end", "pi", "range", "start", "step", "time"), plain.moment),
        **dict.fromkeys(("max_of", "min_of"), plain.extreme),
        **dict.fromkeys(("sort", "sort_desc", "sort_by_label", "sort_by_label_desc"), plain.order),
        **dict.fromkeys(
            ("histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum"),
            of_histograms.measure,
        ),
        "absent": plain.absence,
        "histogram_fraction": of_histograms.fraction,
        "histogram_quantile": of_histograms.quantile,
        "histogram_quantiles": of_histograms.quantiles,
        "info": plain.info,
        "label_join": plain.join,
        "label_replace": plain.relabel,
        "round": plain.nearest,
        "scalar": plain.scalar,
        "start_timestamp": plain.start_timestamp,
        "timestamp": plain.timestamp,
        "vector": plain.vector,
    }
)
RANGED: "Mapping[str, Callable[[Evaluator, Call, Grid], Block]]" = MappingProxyType(
    dict.fromkeys(RANGE_FUNCTIONS, of_ranges.ranged)
)
