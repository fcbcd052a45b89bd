"""Strategies: small traces in which much coincides, and queries about what is in them."""

from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from otelier.telemetry import Batch
from otelier.testing.telemetry import START_NS, key_values, span_id, trace_id

VALUES: list[Any] = [
    "x",
    "y",
    "xy",
    "",
    "5",
    5,
    0,
    -3,
    2**60 + 1,
    5.0,
    0.5,
    -2.5,
    float(2**60),
    True,
    False,
    ["x", "y"],
    ["z"],
    [5, 7],
    [0.5, "x"],
    [],
    b"\x00\xff",
]
"""Of every type, and some that are equal though they differ in it."""
_VALUES = st.sampled_from(VALUES)
_ATTRIBUTES = st.dictionaries(st.sampled_from(["a", "b", "n"]), _VALUES, max_size=3)
_RESOURCES: list[dict[str, Any]] = [
    {"service.name": "web"},
    {"service.name": "cart", "a": "x"},
    {"service.name": 5, "a": 5},
    {"service.name": "web", "b": ["x"]},
]
_SECOND = 10**9


@st.composite
def _span(draw: Any, trace: int, number: int) -> Span:
    start = START_NS + draw(st.integers(0, 12)) * _SECOND
    length = draw(st.sampled_from([0, 1, 5 * 10**6, 2 * _SECOND]))
    parent = draw(st.sampled_from([b"", b"", span_id(1), span_id(2), span_id(3), span_id(number), span_id(99)]))
    return Span(
        trace_id=trace_id(trace) if trace else bytes([0, 0x0B]) + trace_id(0)[2:],
        span_id=span_id(number),
        parent_span_id=parent,
        start_time_unix_nano=start,
        end_time_unix_nano=start + length,
        name=draw(st.sampled_from(["get", "put", "get all"])),
        kind=draw(st.sampled_from([0, 2, 3])),
        status=Status(code=draw(st.sampled_from([0, 1, 2])), message=draw(st.sampled_from(["", "boom"]))),
        attributes=key_values(draw(_ATTRIBUTES)),
        events=[
            Span.Event(
                name=draw(st.sampled_from(["log", "exception"])),
                time_unix_nano=start + draw(st.sampled_from([0, 10**6])),
                attributes=key_values(draw(st.dictionaries(st.just("e"), st.sampled_from(["x", 5, True]), max_size=1))),
            )
            for _ in range(draw(st.integers(0, 2)))
        ],
        links=[
            Span.Link(trace_id=trace_id(draw(st.integers(1, 2))), span_id=span_id(1), attributes=key_values({"l": "x"}))
            for _ in range(draw(st.integers(0, 1)))
        ],
    )


@st.composite
def batches(draw: Any) -> list[Batch]:
    """A few requests; spans of a trace come in any of them, some twice."""
    spans = [
        draw(_span(trace, number))
        for trace in range(draw(st.integers(1, 4)))
        for number in range(1, 1 + draw(st.integers(1, 5)))
    ]
    spans += draw(st.lists(st.sampled_from(spans), max_size=2))
    parts = [draw(st.integers(0, 4)) for _ in spans]
    made: list[Batch] = []
    for part in sorted(set(parts)):
        message = ExportTraceServiceRequest()
        for span, own in zip(spans, parts, strict=True):
            if own == part:
                # What is sent twice is the same both times, its resource too.
                under = message.resource_spans.add()
                under.resource.attributes.extend(key_values(_RESOURCES[(span.span_id[0] + len(span.name)) % 4]))
                scope = under.scope_spans.add()
                scope.scope.name = "lib"
                scope.scope.attributes.extend(key_values({"s": "x"}))
                scope.spans.append(span)
        made.append(Batch.from_otlp("traces", message.SerializeToString()))
    return made


# -- queries ----------------------------------------------------------------------------------

_FIELDS = st.sampled_from(
    [
        "span.a", "span.b", "span.n", ".a", ".b", ".n", "resource.a", "resource.b", "resource.service.name",
        "instrumentation.s", "event.e", "link.l", "parent.a", "parent.span.n", "parent.resource.a",
    ]
)  # fmt: skip
_STRINGS = st.sampled_from(
    ["name", "statusMessage", "event:name", "instrumentation:name", "rootName", "rootServiceName"]
)
_NUMBERS = st.sampled_from(
    [
        "duration",
        "traceDuration",
        "event:timeSinceStart",
        "nestedSetLeft",
        "nestedSetRight",
        "nestedSetParent",
        "span:childCount",
    ]
)
_TEXTS = st.sampled_from(['"x"', '"y"', '"5"', '""', '"get"', '"web"', '"log"', '"boom"', '"lib"'])
_PATTERNS = st.sampled_from(['"x.*"', '"g.t"', '".*e.*"', '""', '"web|cart"'])
_LITERALS = st.sampled_from(["5", "5.0", "0", "-3", "0.5", "7", "1152921504606846977", "1ms", "2s", "-1", "2", "3"])
_ORDERS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
_IDS = st.sampled_from(
    [
        *(f'span:id = "{span_id(each).hex()}"' for each in (1, 2)),
        f'span:parentID != "{span_id(1).hex()}"', 'span:parentID = ""', "parent != nil", "parent = nil",
        f'trace:id = "{(bytes([0, 0x0B]) + trace_id(0)[2:]).hex().lstrip("0")}"',
        f'trace:id != "{trace_id(1).hex()}"', f'link:traceID = "{trace_id(1).hex()}"', f'parent = "{span_id(1).hex()}"',
    ]
)  # fmt: skip


def _joined(*parts: Any) -> Any:
    return st.tuples(*(st.just(each) if isinstance(each, str) else each for each in parts)).map(" ".join)


_NUMERIC = st.recursive(
    st.one_of(_FIELDS, _NUMBERS, _LITERALS),
    lambda inner: st.one_of(
        _joined(inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner),
        _joined("(", inner, "^", "2", ")"),
        _joined("- (", inner, ")"),
    ),
    max_leaves=3,
)
_COMPARISONS = st.one_of(
    _joined(st.one_of(_FIELDS, _STRINGS), _ORDERS, _TEXTS),
    _joined(_TEXTS, _ORDERS, _FIELDS),
    _joined(st.one_of(_FIELDS, _STRINGS), st.sampled_from(["=~", "!~"]), _PATTERNS),
    _joined(st.one_of(_FIELDS, _NUMBERS), _ORDERS, _LITERALS),
    _joined(_LITERALS, _ORDERS, _FIELDS),
    _joined(_NUMERIC, _ORDERS, _NUMERIC),
    _joined(_FIELDS, st.sampled_from(["=", "!="]), st.sampled_from(["true", "false", "nil", "error"])),
    _joined(_FIELDS, st.sampled_from(["=", "!="]), st.sampled_from(['["x", 5]', "[5, 7]", '["y"]'])),
    _joined(
        _FIELDS,
        st.sampled_from(["=~", "!~"]),
        st.sampled_from(['["x.*", "y"]', '["y", "", "x+"]', '["x", "(?i)Y", "a|g.t", "put"]']),
    ),
    _joined("status", st.sampled_from(["=", "!="]), st.sampled_from(["error", "ok", "unset"])),
    _joined("kind", st.sampled_from(["=", "!="]), st.sampled_from(["server", "client"])),
    _joined(_FIELDS, _ORDERS, _FIELDS),
    _IDS,
)
_LIKELY = st.sampled_from(
    [
        "true", "kind != client", "status != error", "span.n != nil", "duration >= 0", "span.a = nil", ".a != nil",
        "span.n >= 0", "nestedSetParent < 0", 'name =~ "g.*"', "event:name != nil", "span:childCount > 0", '.a != "x"',
        "parent.a != nil", "parent != nil"
    ]
)  # fmt: skip
_CONDITIONS = st.recursive(
    st.one_of(_COMPARISONS, _FIELDS, _LIKELY, _LIKELY),
    lambda inner: st.one_of(
        _joined("(", inner, st.sampled_from(["&&", "||"]), inner, ")"),
        _joined("! (", inner, ")"),
        _joined("(", inner, ") =", st.sampled_from(["true", "false"])),
    ),
    max_leaves=3,
)
_FILTERS = st.one_of(st.just("{ }"), _joined("{", _LIKELY, "}"), _joined("{", _CONDITIONS, "}"))
_RELATIONS = st.sampled_from(
    [">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!<<", "!~", "&>", "&<", "&>>", "&<<", "&~"]
)
_AGGREGATES = st.one_of(
    st.just("count()"),
    _joined(
        st.sampled_from(["min(", "max(", "avg(", "sum("]),
        st.one_of(_FIELDS, st.just("duration"), st.just("span.n + 1")),
        ")",
    ),
)
_GROUPS = st.sampled_from(
    ["by(span.a)", "by(resource.service.name)", "by(name)", "by(.n)", "by(span.n > 3)", "by(kind)", "by(event:name)"]
)
_SCALARS = st.one_of(
    _joined(_AGGREGATES, _ORDERS, st.sampled_from(["0", "1", "2", "5", "1s"])),
    _joined("count()", st.sampled_from([">", ">=", "!=", "<="]), st.sampled_from(["0", "1", "2"])),
    _joined("count() =", st.just("0")),
    _joined(_AGGREGATES, st.sampled_from(["+", "-", "*"]), _AGGREGATES, _ORDERS, st.sampled_from(["1", "2.5"])),
    _joined(_AGGREGATES, _ORDERS, _AGGREGATES),
)


def _spansets(inner: Any) -> Any:
    return st.one_of(
        _joined("(", inner, _RELATIONS, inner, ")"),
        _joined("(", inner, st.sampled_from(["&&", "||"]), inner, ")"),
        _joined("(", _joined("!", _FILTERS), st.sampled_from(["&&", "||"]), inner, ")"),
        _joined("(", inner, "|", st.one_of(_SCALARS, _FILTERS, _GROUPS), ")"),
        _joined("(", inner, "|", _GROUPS, "|", st.one_of(_SCALARS, _FILTERS), ")"),
    )


_SPANSETS = st.recursive(_FILTERS, _spansets, max_leaves=4)
_STATEMENTS = _joined("!", _FILTERS)
_STAGES = st.one_of(
    _STATEMENTS, _GROUPS, _SCALARS, _SPANSETS, st.just("coalesce()"), st.just("select(span.b, duration)"), _SCALARS
)
_MEASURED = _joined("(", _FILTERS, "|", _AGGREGATES, ")", _ORDERS, "(", _FILTERS, "|", _AGGREGATES, ")")


@st.composite
def queries(draw: Any) -> str:
    """Texts of searches, not all of them valid."""
    first = draw([_SPANSETS, _SCALARS, _MEASURED, _STATEMENTS][max(0, draw(st.integers(-12, 3)))])
    return " | ".join([first, *draw(st.lists(_STAGES, max_size=2))])


SORTS = st.sampled_from(
    [
        "sort(duration desc)",
        "sort(name, span.n desc)",
        "sort(span.n)",
        "sort(span.n desc, .a)",
        "sort(.a desc, duration)",
        "sort(.nobody_has_it, kind)",
        f"sort({', '.join(f'.nobody_has_it_{number}' for number in range(100))}, .a)",
    ]
)
