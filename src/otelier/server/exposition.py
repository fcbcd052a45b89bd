"""Otelier's own metrics as text that Prometheus reads: format 0.0.4, or OpenMetrics 1.0 where the client asks for it.

Names come out as the Collector's default build writes them (`otelcol_receiver_accepted_spans`, no unit, no
`_total`), and the same in both formats, so that a query does not depend on what a scraper negotiated. OpenMetrics
allows the type counter only with `_total`; without that suffix a counter is of type unknown there, so then text is
preferred wherever a client takes it, as Prometheus does.

Formats: https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/specs/om/
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping

from ..component import Config, HistogramValue, Metric

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_Labels = Iterable[tuple[str, str]]

_NOT_IN_METRIC = re.compile(r"[^a-zA-Z0-9_:]")
_NOT_IN_LABEL = re.compile(r"[^a-zA-Z0-9_]")
_UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "%": "percent",
}


class IncludeExclude(Config):
    """A choice of keys."""

    included: tuple[str, ...] = ()
    """Only these keys; all if empty. `*` and `?` stand for any characters, any one character."""
    excluded: tuple[str, ...] = ()
    """Never these keys."""

    def admits(self, key: str) -> bool:
        """Whether the key passes both lists."""
        if any(_matches(pattern, key) for pattern in self.excluded):
            return False
        return not self.included or any(_matches(pattern, key) for pattern in self.included)


class Naming(Config):
    """How names and labels are written; the defaults are the Collector's."""

    without_type_suffix: bool = True
    """Write `otelcol_receiver_accepted_spans`; false: `otelcol_receiver_accepted_spans_total`."""
    without_units: bool = True
    """Write `otelcol_process_uptime`; false: `otelcol_process_uptime_seconds`."""
    without_scope_info: bool = True
    """Leave out the labels `otel_scope_name` and `otel_scope_version`."""
    without_target_info: bool = False
    """Leave out the metric `target_info`."""
    with_resource_constant_labels: IncludeExclude = IncludeExclude()
    """Which resource attributes every series carries as labels."""


def wants_openmetrics(accept: str, *, bare: bool = False) -> bool:
    """Whether an `Accept` header ranks OpenMetrics 1.0 above plain text. `bare`: counters have no suffix, so whether it
    doesn't take text at all."""
    best = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for part in accept.split(","):
        kind, *parameters = (p.strip().lower() for p in part.split(";"))
        given = dict(p.split("=", 1) for p in parameters if "=" in p)
        if kind in best and given.get("version", "1.0.0") in ("1.0.0", "0.0.4"):
            best[kind] = max(best[kind], _quality(given.get("q", "1")))
    if bare and best["text/plain"]:
        return False
    return best["application/openmetrics-text"] > best["text/plain"]


def write(
    metrics: Iterable[Metric],
    *,
    openmetrics: bool = False,
    naming: Naming | None = None,
    resource: Mapping[str, str] | None = None,
    scope: tuple[str, str] = ("otelier", ""),
) -> bytes:
    """All metrics as one page.

    `resource` is what `target_info` and the constant labels tell; `scope` is a name and a version.
    """
    naming, resource = naming or Naming(), resource or {}
    keys = naming.with_resource_constant_labels
    constant = [(key, value) for key, value in resource.items() if keys.admits(key)]
    if not naming.without_scope_info:
        constant += [("otel_scope_name", scope[0]), ("otel_scope_version", scope[1])]
    lines: list[str] = []
    if resource and not naming.without_target_info:
        lines += _target_info(resource, openmetrics)
    for metric in metrics:
        lines += _family(metric, naming, constant, openmetrics)
    if openmetrics:
        lines.append("# EOF")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace") if lines else b""


def _target_info(resource: Mapping[str, str], openmetrics: bool) -> Iterator[str]:
    family, kind = ("target", "info") if openmetrics else ("target_info", "gauge")
    yield f"# HELP {family} Target metadata"
    yield f"# TYPE {family} {kind}"
    yield f"target_info{_label_set(resource.items())} 1"


def _family(metric: Metric, naming: Naming, constant: list[tuple[str, str]], openmetrics: bool) -> Iterator[str]:
    if not metric.values:
        return
    name, unit = _name(metric, naming)
    total = metric.kind == "counter" and not naming.without_type_suffix
    sample = f"{name}_total" if total else name
    family = name if openmetrics else sample
    unknown = openmetrics and metric.kind == "counter" and not total
    yield f"# HELP {family} {_escape(metric.description, quotes=openmetrics)}"
    yield f"# TYPE {family} {'unknown' if unknown else metric.kind}"
    if openmetrics and unit:
        yield f"# UNIT {family} {unit}"
    for labels, value in sorted(metric.values.items()):
        if isinstance(value, HistogramValue):
            yield from _histogram(name, (*labels, *constant), value, openmetrics)
        else:
            yield f"{sample}{_label_set((*labels, *constant))} {_number(value)}"


def _histogram(
    name: str, labels: tuple[tuple[str, str], ...], value: HistogramValue, openmetrics: bool
) -> Iterator[str]:
    count = 0
    for bound, added in zip((*value.bounds, math.inf), value.counts, strict=True):
        count += added
        # OpenMetrics wants bounds as floats ("10.0"), the older format's writers print "10".
        limit = _number(bound) if math.isinf(bound) or not openmetrics else repr(float(bound))
        yield f"{name}_bucket{_label_set((*labels, ('le', limit)))} {count}"
    yield f"{name}_sum{_label_set(labels)} {_number(value.sum)}"
    yield f"{name}_count{_label_set(labels)} {count}"


def _name(metric: Metric, naming: Naming) -> tuple[str, str]:
    """The name without `_total`, and the unit it ends in, empty if it doesn't."""
    name = _NOT_IN_METRIC.sub("_", metric.name).removesuffix("_total")
    name = f"_{name}" if name[:1].isdigit() else name
    if naming.without_units:
        return name, ""
    unit = _unit(metric)
    if unit and not name.endswith(f"_{unit}"):
        name = f"{name}_{unit}"
    return name, unit


def _unit(metric: Metric) -> str:
    """The unit's word: `s` is seconds, `By/s` bytes_per_second; none for `{span}`, `1` only of gauges (ratio)."""
    if metric.unit == "1":
        return "ratio" if metric.kind == "gauge" else ""
    unit, _, per = metric.unit.partition("/")
    word = "" if "{" in unit else _UNITS.get(unit, unit)
    if per and "{" not in per:
        word = f"{word}_per_{_UNITS.get(per, per).removesuffix('s')}".lstrip("_")
    return _NOT_IN_METRIC.sub("_", word)


def _label_set(labels: _Labels) -> str:
    named: dict[str, str] = {}
    for key, value in sorted(labels):
        name = _NOT_IN_LABEL.sub("_", key)
        name = f"_{name}" if name[:1].isdigit() else name
        # Two attributes may become one label: both values are shown.
        named[name] = f"{named[name]};{value}" if name in named else value
    if not named:
        return ""
    return "{" + ",".join(f'{name}="{_escape(value, quotes=True)}"' for name, value in named.items()) + "}"


def _escape(text: str, *, quotes: bool) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _matches(pattern: str, key: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, key) is not None
