"""What an exemplar of a metric says about the span that it was measured in.

Labels are those of span metrics, ours, the Collector's and Tempo's; of other metrics at least the service is known.
"""

from collections.abc import Iterable, Mapping, Sequence

from .kinds import KINDS, STATUSES
from .metrics_reader import Exemplar, SeriesExemplars
from .substitutes import Measured

TRACE_LABELS = ("trace_id", "traceID", "traceId")
_SPAN_LABELS = ("span_id", "spanID", "spanId")
_UNITS_NS = {"_milliseconds": 10**6, "_seconds": 10**9, "_latency": 10**9}
"""By the end of a family's name; `traces_spanmetrics_latency` is Tempo's."""
_PARTS = ("_bucket", "_count", "_sum")


def trace_of(exemplar: Exemplar) -> str:
    """Its trace id as it is written there; empty if it names none."""
    return _first(dict(exemplar.labels), TRACE_LABELS)


def measured_by(trace_id: str, found: Iterable[SeriesExemplars], span_id: str = "") -> Measured | None:
    """What all exemplars of a trace say together; `span_id`: of that span, if one of them names it.

    One that knows how long the span took is preferred, then the newest.
    """
    known = [
        measured(dict(series.series), exemplar)
        for series in found
        for exemplar in series.exemplars
        if trace_of(exemplar).lower().lstrip("0") == trace_id.lower().lstrip("0")
    ]
    of_span = [each for each in known if each.span_id == span_id]
    return max(
        filter(_names_something, of_span or known),
        key=lambda each: (each.duration_ns is not None, bool(each.name), each.time_ns),
        default=None,
    )


def measured(series: Mapping[str, str], exemplar: Exemplar) -> Measured:
    """Of one exemplar."""
    unit = _unit_ns(series.get("__name__", ""))
    duration = unit * exemplar.value if unit else -1.0
    return Measured(
        service=series.get("service_name") or series.get("service") or series.get("job", "").rpartition("/")[2],
        name=series.get("span_name") or series.get("operation", ""),
        kind=kind_number(series.get("span_kind", "")),
        status=status_number(series.get("status_code", "")),
        duration_ns=round(duration) if 0 <= duration < 2**63 else None,
        time_ns=exemplar.time_ms * 10**6,
        span_id=_first(dict(exemplar.labels), _SPAN_LABELS),
    )


def kind_number(text: str) -> int | None:
    """OTLP's number of `server` or `SPAN_KIND_SERVER`; None for what is none."""
    name = text.lower().removeprefix("span_kind_")
    return KINDS.get("" if name == "unspecified" else name) if name else None


def status_number(text: str) -> int | None:
    """OTLP's number of `error` or `STATUS_CODE_ERROR`; None for what is none."""
    return STATUSES.get(text.lower().removeprefix("status_code_"))


def _names_something(each: Measured) -> bool:
    return bool(each.service)


def _unit_ns(metric: str) -> int:
    """0 if the name does not say."""
    family = next((metric.removesuffix(each) for each in _PARTS if metric.endswith(each)), metric)
    return next((unit for end, unit in _UNITS_NS.items() if family.endswith(end)), 0)


def _first(labels: Mapping[str, str], names: Sequence[str]) -> str:
    return next((labels[name] for name in names if labels.get(name)), "")
