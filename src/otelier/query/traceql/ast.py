"""TraceQL queries as data, as the parser makes them: the grammar is checked, types are not (see `validate`).

`at` is where a node begins: characters from the beginning of its text, 0 for the first. It takes no part in equality,
so that two texts that mean the same are equal. `text.written(node)` is TraceQL again, and parses to an equal node.
Nothing is folded or rewritten: `1 + 1` is an `Arithmetic`. What TraceQL elsewhere doesn't have is marked *extension*.

One `Query` is a `Pipeline` (a search: what becomes of the spans of one trace) or a `Series` (metrics over time).
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

ConstantType: TypeAlias = Literal["int", "float", "duration", "string", "bool", "status", "kind", "nil"]
AttributeScope: TypeAlias = Literal["any", "span", "resource", "event", "link", "instrumentation"]
IntrinsicName: TypeAlias = Literal[
    "name",
    "duration",
    "kind",
    "status",
    "statusMessage",
    "span:id",
    "span:parentID",
    "span:childCount",
    "traceDuration",
    "rootName",
    "rootServiceName",
    "trace:id",
    "event:name",
    "event:timeSinceStart",
    "link:traceID",
    "link:spanID",
    "instrumentation:name",
    "instrumentation:version",
    "nestedSetLeft",
    "nestedSetRight",
    "nestedSetParent",
    "parent",
]
ArithmeticOperator: TypeAlias = Literal["+", "-", "*", "/", "%", "^"]
ComparisonOperator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "=~", "!~"]
LogicalOperator: TypeAlias = Literal["&&", "||"]
StructuralOperator: TypeAlias = Literal[
    ">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!<<", "!~", "&>", "&<", "&>>", "&<<", "&~"
]
SeriesOperator: TypeAlias = Literal["+", "-", "*", "/"]
OrderOperator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]
AggregateFunction: TypeAlias = Literal["count", "min", "max", "avg", "sum"]
MetricsFunction: TypeAlias = Literal[
    "rate",
    "count_over_time",
    "min_over_time",
    "max_over_time",
    "avg_over_time",
    "sum_over_time",
    "quantile_over_time",
    "histogram_over_time",
]

# -- values of one span -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    """`"text"`, `1`, `-1.5`, `10ms`, `true`, `error`, `server` or `nil`.

    `value` by `type`: int → int (64 bits); float → float (finite); duration → int, nanoseconds; string → str;
    bool → bool; status → int, OTLP's number (0 unset, 1 ok, 2 error); kind → int, OTLP's number (0 unspecified,
    1 internal, 2 server, 3 client, 4 producer, 5 consumer); nil → None.
    A minus before a number literal that nothing else binds tighter belongs to it: `-1` is Constant(-1, "int").
    """

    value: str | bool | int | float | None
    type: ConstantType
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Array:
    """`[500, 502]`: at least one constant. *Extension.*

    Only at the right of `=` and `=~` (any item is equal or matches) and of `!=` and `!~` (no item is or does). If the
    left side has several values itself (an array attribute, events), the same over all pairs.
    """

    items: tuple[Constant, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`span.http.method`, `.a`, `resource."odd name"`, `parent.span.a`; the name without quotes.

    `scope` "any" is the leading dot: the span's attribute, else the resource's, (else the event's, link's or
    instrumentation's, where the evaluator can tell). `event` and `link`: of any of the span's events or links, all
    values together, as if they were an array. `parent`: of the parent span (its resource for `parent.resource.a`); only
    with the scopes any, span and resource; nil where the span has no parent in the trace.
    """

    scope: AttributeScope
    name: str
    parent: bool = False
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Intrinsic:
    """What spans have that is no attribute. `span:duration` and `duration` are the same node.

    `name` (other spelling): type at run time.
    name (span:name), statusMessage (span:statusMessage), rootName (trace:rootName), rootServiceName
    (trace:rootService), event:name, instrumentation:name, instrumentation:version: string. span:id, span:parentID,
    trace:id, link:traceID, link:spanID: string, lower-case hex; leading zeros of trace ids don't count in comparisons;
    span:parentID of a root is empty. duration (span:duration), traceDuration (trace:duration),
    event:timeSinceStart: duration. kind (span:kind), status (span:status). span:childCount, nestedSetLeft,
    nestedSetRight, nestedSetParent (-1 of a root): int. event:… and link:…: one value per event or link, as if they
    were an array. parent: the hex id of the parent span in the trace, nil without one (in Tempo: parses, never runs).
    """

    name: IntrinsicName
    at: int = field(default=0, compare=False, kw_only=True)


Field: TypeAlias = Attribute | Intrinsic
"""What `select`, `by` of metrics, and metrics functions take."""


@dataclass(frozen=True, slots=True)
class Negative:
    """`-a`: of a number; anything else is worth nil."""

    operand: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Not:
    """`!a`: the other boolean; nil, so no match, of what is no boolean (an attribute that is missing or a number).

    Comparisons and logic are never nil: `!(a = 1)` is true where `a` is missing, which `a != 1` is not.
    """

    operand: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`a + b`; nil if a side is no number, or at a division by zero.

    int with int is int (`/` cuts towards zero, `%` has the sign of the left side); any other two numbers, durations in
    nanoseconds among them, are a float.
    """

    operator: ArithmeticOperator
    left: "Expression"
    right: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`a = b`, `a =~ "re"`: true or false, never nil.

    False if a side is nil or the types don't match (numbers of all types match, by value), also for `!=` and `!~`; but
    with `nil` written there, `=` and `!=` ask for absence and presence. Several values (arrays, events, links): `!=`
    and `!~` are true if there is a value and none is equal or matches, all others if any value fulfils them.
    Patterns are RE2 and match the whole text.
    """

    operator: ComparisonOperator
    left: "Expression"
    right: "Expression"
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Logical:
    """`a && b && …` or `a || b || …`: two operands or more, as they were chained without parentheses.

    Both operators have one level and associate to the left: `a || b && c` is Logical("&&", (Logical("||", (a, b)), c)).
    An operand that is not the boolean true counts as false.
    """

    operator: LogicalOperator
    operands: "tuple[Expression, ...]"
    at: int = field(default=0, compare=False, kw_only=True)


Expression: TypeAlias = Constant | Array | Attribute | Intrinsic | Negative | Not | Arithmetic | Comparison | Logical
"""Whatever has a value for one span."""

# -- spans of one trace -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filter:
    """`{ a = 1 }`: the spans of which the condition is the boolean true. `{ }` is Filter(Constant(True, "bool"))."""

    condition: Expression
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Without:
    """`!{ … }` or `!( … )`: the trace, if the operand finds no span in it. *Extension.*

    It says something about the trace. Alone, or at one side of `||`, it gives all spans of the trace; at one side of
    `&&` it gives none, and lets those of the other side pass (if both sides are Without: all spans). Never an operand
    of structural operators.
    """

    operand: "Spanset"
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Combination:
    """`A && B`: spans of both, if neither is empty. `A || B`: spans of both. Associates to the left, one level."""

    operator: LogicalOperator
    left: "Spanset"
    right: "Spanset"
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Structural:
    """`A >> B`: spans of B that are related to a span of A, by parent ids within the trace.

    `>` child, `<` parent, `>>` descendant, `<<` ancestor, `~` sibling (same parent, another span; roots have none).
    `!…`: spans of B that are so related to no span of A (which may be empty). `&…`: both spans of each pair.
    """

    operator: StructuralOperator
    left: "Spanset"
    right: "Spanset"
    at: int = field(default=0, compare=False, kw_only=True)


Spanset: TypeAlias = "Filter | Without | Combination | Structural | Pipeline"
"""Whatever selects spans of one trace; a Pipeline stands here in parentheses, and has more than one spanset only."""

# -- numbers of one spanset -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`count()`, `max(duration)`: over the spans of one spanset; nil values are skipped.

    Only `count` has no operand. Of no values at all: count is 0, the others nil, which drops the spanset.
    """

    function: AggregateFunction
    operand: Expression | None = None
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Measured:
    """`({ … } | by(…) | count())`: a number of what a pipeline leaves of a trace (Tempo parses it, never runs it)."""

    pipeline: "Pipeline"
    scalar: "Scalar"
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class ScalarArithmetic:
    """`max(a) - min(a)`; nil if a side is nil, or at a division by zero. Types as in `Arithmetic`."""

    operator: ArithmeticOperator
    left: "Scalar"
    right: "Scalar"
    at: int = field(default=0, compare=False, kw_only=True)


Scalar: TypeAlias = Constant | Aggregate | Measured | ScalarArithmetic
"""A number of one spanset; constants are int, float or duration."""

# -- stages of a pipeline ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScalarFilter:
    """`count() > 2`: spansets of which it is true pass. At least one side has an aggregate.

    A trace without spans passes no stage but this one, and this one only if it is true of a count of 0 and of no other
    count (`count() = 0`, `count() < 1`; *extension*): then all spans of the trace are the spanset.
    """

    operator: OrderOperator
    left: Scalar
    right: Scalar
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class GroupBy:
    """`by(resource.service.name)`: splits each spanset by value (nil is one). Refers to the span. Not of metrics."""

    expression: Expression
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Coalesce:
    """`coalesce()`: the spansets of the trace together again. Never the first stage."""

    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Select:
    """`select(span.a, duration)`: what else the answer tells of each span; at least one field."""

    fields: tuple[Field, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class SortKey:
    """`duration desc` or `count() desc`; ascending without a word or with `asc`. Nil comes last either way."""

    value: Expression | Aggregate
    descending: bool = False
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Sort:
    """`sort(duration desc, name)`: orders spans in spansets, and spansets and traces by their first. *Extension.*

    At least one key. Only in the outermost pipeline of a search; after it come only `select` stages.
    """

    keys: tuple[SortKey, ...]
    at: int = field(default=0, compare=False, kw_only=True)


Stage: TypeAlias = "Spanset | ScalarFilter | GroupBy | Coalesce | Select | Sort"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`{ … } | by(…) | count() > 2`: at least one stage; the first takes all spans of a trace."""

    stages: tuple[Stage, ...]
    at: int = field(default=0, compare=False, kw_only=True)


# -- metrics ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """`rate() by (span.a)`, `quantile_over_time(duration, .5, .99)`.

    `operand`: none for rate and count_over_time only. `quantiles`: for quantile_over_time only, at least one, each
    0 … 1 (validated). `by`: labels, in order.
    """

    function: MetricsFunction
    operand: Field | None = None
    quantiles: tuple[float, ...] = ()
    by: tuple[Field, ...] = ()
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Compare:
    """`compare({ status = error }, 10, start, end)`: attributes of the spans inside of the selection and outside of it.

    `top`: values told per attribute. The selection holds for spans that start from `start_ns` to before `end_ns` (since
    1970; both 0: always).
    """

    selection: Filter
    top: int = 10
    start_ns: int = 0
    end_ns: int = 0
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Metrics:
    """`{ … } | rate()`: a measure of the spans that a pipeline leaves, by their start."""

    pipeline: Pipeline
    measure: Measure | Compare
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Ranked:
    """`| topk(5)` or `| bottomk(5)`: at each time the points of so many series; ties by labels."""

    function: Literal["topk", "bottomk"]
    limit: int
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class PointFilter:
    """`> 10`: points of which it is not true are dropped, then series without points. int, float or duration (in
    which case the series' values are seconds)."""

    operator: OrderOperator
    value: Constant
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Refined:
    """`{ } | rate() > 1 | topk(5)`: second stages, at least one, left to right, over the series before them."""

    series: "Metrics | MetricsMath"
    stages: tuple[Ranked | PointFilter, ...]
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class MetricsMath:
    """`({ } | rate()) * 100`: per point of series with equal labels; a constant, or a series without labels, meets all.

    Constants are int or float, calculated by the parser; at least one side is none. A division by zero is NaN.
    """

    operator: SeriesOperator
    left: "Series"
    right: "Series"
    at: int = field(default=0, compare=False, kw_only=True)


Series: TypeAlias = Metrics | Refined | MetricsMath | Constant
"""Values over time, by labels."""

# -- the whole --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hint:
    """`sample=0.1` in `with(…)`; the name may be unknown."""

    name: str
    value: Constant
    at: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Query:
    """All of a text: a search is a Pipeline, metrics are any Series but a constant."""

    root: Pipeline | Metrics | Refined | MetricsMath
    hints: tuple[Hint, ...] = ()
    at: int = field(default=0, compare=False, kw_only=True)

    @property
    def is_search(self) -> bool:
        """Whether the answer is traces, not series."""
        return isinstance(self.root, Pipeline)
