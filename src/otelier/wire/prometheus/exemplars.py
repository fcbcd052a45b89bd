"""Exemplars: the span of a measurement, as labels."""

from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar as OtlpExemplar

from .labels import value_text
from .names import label_name
from .series import Exemplar

_MAX_RUNES = 128
"""OpenMetrics allows an exemplar's labels no more characters, names and values together."""


def exemplar(found: OtlpExemplar) -> Exemplar:
    """Trace and span first; further attributes only where all of them fit."""
    labels: list[tuple[str, str]] = []
    if found.trace_id:
        labels.append(("trace_id", found.trace_id.hex()))
    if found.span_id:
        labels.append(("span_id", found.span_id.hex()))
    more = [(label_name(each.key), value_text(each.value)) for each in found.filtered_attributes]
    if sum(len(name) + len(value) for name, value in labels + more) <= _MAX_RUNES:
        labels += more
    value = found.as_double if found.WhichOneof("value") == "as_double" else float(found.as_int)
    return Exemplar(tuple(sorted(labels)), value, found.time_unix_nano // 1_000_000)
