"""The views and their columns: what they are called, what they hold, and where their values come from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

Form: TypeAlias = Literal["trace", "id", "long id", "time", "number", "kind", "status", "text", "any", "own"]
"""What a column's values are in the store. `any`: an attribute's, whose type only the values tell; `own`: what `arrays`
makes in a way of its own."""
Of: TypeAlias = Literal["span", "part", "record", "series", "sample"]
"""Which of the core's tables has it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One that is always there."""

    of: Of
    key: str
    """The core's name of it; empty for trace ids of spans, which every answer has."""
    form: Form
    type: str
    """DuckDB's."""
    text: str
    """What it is, for the reference."""


@dataclass(frozen=True, slots=True)
class View:
    """A name behind FROM."""

    text: str
    """A row is this."""
    columns: Mapping[str, Column]
    """What `*` means."""
    attributes: Mapping[str, Of]
    """A column that begins so is an attribute of that."""
    examples: Sequence[str] = field(default=())
    """Of attributes."""

    def is_attribute(self, name: str) -> bool:
        """Whether a column of this name is there because it is asked for."""
        return any(name.startswith(prefix) and len(name) > len(prefix) for prefix in self.attributes)


_TEXT, _INT, _TIME = "VARCHAR", "BIGINT", "TIMESTAMP_NS"
_START = Column("span", "start_ns", "time", _TIME, "when it began, UTC; `epoch_ns(start_time)` is the number")
_OF_SPAN: Mapping[str, Column] = {
    "trace_id": Column("span", "", "trace", _TEXT, "of the span; 32 hexadecimal digits in lower case"),
    "span_id": Column("span", "span_id", "id", _TEXT, "of the span; 16 hexadecimal digits"),
    "span_name": Column("span", "name", "text", _TEXT, "of the span"),
    "start_time": Column("span", "start_ns", "time", _TIME, "when the span began, UTC; bound it to read less"),
    "service": Column("span", "service", "text", _TEXT, "`service.name` of the resource; NULL where it has none"),
}
_RESOURCE_AND_SCOPE: Mapping[str, Of] = {"resource.": "span", "scope.": "span"}

SPANS: Final = View(
    "a span; one that was sent twice is one row",
    {
        "trace_id": Column("span", "", "trace", _TEXT, "32 hexadecimal digits in lower case"),
        "span_id": Column("span", "span_id", "id", _TEXT, "16 hexadecimal digits"),
        "parent_span_id": Column("span", "parent_span_id", "id", _TEXT, "NULL of a root"),
        "start_time": _START,
        "duration_ns": Column("span", "duration_ns", "number", _INT, "from start to end; below 0 if it ends before"),
        "name": Column("span", "name", "text", _TEXT, ""),
        "kind": Column(
            "span", "kind", "kind", _TEXT, "`unspecified`, `internal`, `server`, `client`, `producer`, `consumer`"
        ),
        "status": Column("span", "status", "status", _TEXT, "`unset`, `ok`, `error`"),
        "status_message": Column("span", "status_message", "text", _TEXT, "empty where there is none"),
        "service": Column("span", "service", "text", _TEXT, "`service.name` of the resource; NULL where it has none"),
        "scope_name": Column("span", "scope_name", "text", _TEXT, "the instrumentation library"),
    },
    {"span.": "span", **_RESOURCE_AND_SCOPE},
    ("span.http.route", "resource.k8s.pod.name"),
)
EVENTS: Final = View(
    "an event of a span, such as an exception",
    {
        **_OF_SPAN,
        "time": Column("part", "time_ns", "time", _TIME, "when it happened, UTC"),
        "name": Column("part", "name", "text", _TEXT, "of the event: `exception`"),
        "dropped_attributes": Column("part", "dropped_attributes", "number", _INT, "how many the sender left out"),
        "attributes": Column("part", "attributes", "text", "JSON", "all of the event's, as an object"),
    },
    {"event.": "part", "span.": "span", **_RESOURCE_AND_SCOPE},
    ("event.exception.type", "span.http.route"),
)
LINKS: Final = View(
    "a link from a span to another",
    {
        **_OF_SPAN,
        "linked_trace_id": Column("part", "trace_id", "long id", _TEXT, "where the link leads"),
        "linked_span_id": Column("part", "span_id", "id", _TEXT, ""),
        "trace_state": Column("part", "trace_state", "text", _TEXT, "of the linked span; empty where there is none"),
        "flags": Column("part", "flags", "number", _INT, ""),
        "dropped_attributes": Column("part", "dropped_attributes", "number", _INT, "how many the sender left out"),
        "attributes": Column("part", "attributes", "text", "JSON", "all of the link's, as an object"),
    },
    {"link.": "part", "span.": "span", **_RESOURCE_AND_SCOPE},
    ("link.messaging.system", "resource.k8s.pod.name"),
)
LOGS: Final = View(
    "a log record",
    {
        "time": Column(
            "record", "time_ns", "time", _TIME, "of the event, or when it was observed if that is not known"
        ),
        "observed_time": Column("record", "observed_ns", "time", _TIME, "UTC, as all times"),
        "severity_number": Column("record", "severity_number", "number", _INT, "1 to 24; 17 and more: an error"),
        "severity_text": Column("record", "severity_text", "text", _TEXT, "as sent"),
        "event_name": Column("record", "event_name", "text", _TEXT, "as sent"),
        "body": Column("record", "line", "text", _TEXT, "text as it is, anything else as JSON"),
        "trace_id": Column("record", "trace_id", "long id", _TEXT, "NULL where there is none"),
        "span_id": Column("record", "span_id", "id", _TEXT, "NULL where there is none"),
        "flags": Column("record", "flags", "number", _INT, "as sent"),
        "service": Column("record", "service", "text", _TEXT, "`service.name` of the resource; NULL where it has none"),
        "scope_name": Column("record", "scope_name", "text", _TEXT, "the logger"),
        "scope_version": Column("record", "scope_version", "text", _TEXT, ""),
    },
    {"log.": "record", "resource.": "record", "scope.": "record"},
    ("log.http.route", "resource.k8s.pod.name"),
)
METRICS: Final = View(
    "a sample of a series",
    {
        "name": Column("series", "name", "text", _TEXT, "of the metric, as PromQL has it"),
        "labels": Column(
            "series", "labels", "own", "MAP(VARCHAR, VARCHAR)", "all others of the series: `labels['job']`"
        ),
        "time": Column("sample", "time", "time", _TIME, "UTC; of whole milliseconds"),
        "value": Column("sample", "value", "own", "DOUBLE", "NULL of native histograms and where it is not a number"),
        "count": Column("sample", "count", "own", "DOUBLE", "of a native histogram: observations; else NULL"),
        "sum": Column("sample", "sum", "own", "DOUBLE", "of a native histogram; else NULL"),
        "buckets": Column(
            "sample",
            "buckets",
            "own",
            "STRUCT(lower DOUBLE, upper DOUBLE, count DOUBLE)[]",
            "of a native histogram those that are not empty, ascending: more than `lower`, up to `upper`; else NULL",
        ),
    },
    {"label.": "series", "resource.": "series"},
    ("label.job", "resource.service.name"),
)
VIEWS: Final[Mapping[str, View]] = {
    "spans": SPANS,
    "events": EVENTS,
    "links": LINKS,
    "logs": LOGS,
    "metrics": METRICS,
}
NAMES: Final = "spans, events, links, logs and metrics"


def summary(views: Iterable[str] = VIEWS) -> str:
    """What can be asked for, a line for each of these views."""
    return "\n".join(
        f"{name} has {', '.join(view.columns)}; attributes in double quotes: "
        + ", ".join(f'"{example}"' for example in view.examples)
        for name, view in ((each, VIEWS[each]) for each in views)
    )


def described() -> list[dict[str, Any]]:
    """For those who help to write a statement."""
    return [
        {
            "name": name,
            "text": view.text,
            "columns": [
                {"name": column, "type": each.type, "text": each.text} for column, each in view.columns.items()
            ],
            "attributes": list(view.attributes),
        }
        for name, view in VIEWS.items()
    ]
