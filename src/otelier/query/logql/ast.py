"""What a LogQL text says. Positions are kept where running it may still find fault."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..templates.ast import Template

MatchOp: TypeAlias = Literal["=", "!=", "=~", "!~"]
CompareOp: TypeAlias = Literal["==", "!=", ">", ">=", "<", "<="]
LineOp: TypeAlias = Literal["|=", "!=", "|~", "!~", "|>", "!>"]


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on a label's text; a label that is not there is an empty text. Patterns match the whole of it."""

    label: str
    op: MatchOp
    value: str


@dataclass(frozen=True, slots=True)
class NumberTest:
    """A label's text read as a number; of durations in seconds, of sizes in bytes."""

    label: str
    op: CompareOp
    value: float
    unit: Literal["number", "duration", "bytes"]


@dataclass(frozen=True, slots=True)
class Ip:
    """`ip("10.0.0.0/8")`: one address, a network, or a range `a-b`."""

    text: str


@dataclass(frozen=True, slots=True)
class IpTest:
    """Whether a label's text has such an address, or has none."""

    label: str
    op: Literal["=", "!="]
    ip: Ip


@dataclass(frozen=True, slots=True)
class Both:
    """`and`, a comma, or two label filters in a row."""

    parts: Sequence["LabelTest"]


@dataclass(frozen=True, slots=True)
class Either:
    """`or`."""

    parts: Sequence["LabelTest"]


LabelTest: TypeAlias = Matcher | NumberTest | IpTest | Both | Either


@dataclass(frozen=True, slots=True)
class LineFilter:
    """`|= "a" or "b"`: at least one of them; of the negated ones: none of them. Addresses go with `|=` and `!=`."""

    op: LineOp
    values: tuple[str | Ip, ...]


@dataclass(frozen=True, slots=True)
class WordFilter:
    """`| words "결제 timeout"`: all of these words, in any order and case; of Korean, Chinese and Japanese their parts.

    An extension: Loki has no such stage.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Json:
    """`| json`, or with the labels that are wanted and the path of each."""

    paths: tuple[tuple[str, tuple[str | int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Logfmt:
    """`| logfmt`, or with the labels that are wanted and the key of each."""

    keys: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    keep_empty: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """`| pattern "<ip> - <_> [<at>]"`: a line cut at the texts between the names; `_` is thrown away."""

    text: str


@dataclass(frozen=True, slots=True)
class Regexp:
    """`| regexp "(?P<method>GET|POST)"`: the named groups of the first match."""

    text: str


@dataclass(frozen=True, slots=True)
class Unpack:
    """`| unpack`: texts of a JSON object as labels and its `_entry` as the line, as Promtail packs them."""


@dataclass(frozen=True, slots=True)
class Decolorize:
    """`| decolorize`: takes a terminal's sequences of control out of the line."""


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """`| status >= 500 and method = "GET"`."""

    test: LabelTest


@dataclass(frozen=True, slots=True)
class LineFormat:
    """`| line_format "{{.method}} {{.path}}"`."""

    template: Template


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """`| label_format to=from, other="{{.a}}"`; the first kind takes the old label away."""

    changes: tuple[tuple[str, str | Template], ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """`| drop a, b="x"`: takes labels away, those with a condition only where it holds."""

    labels: tuple[str | Matcher, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """`| keep a, b="x"`: takes all other labels away."""

    labels: tuple[str | Matcher, ...]


Parser: TypeAlias = Json | Logfmt | Pattern | Regexp | Unpack
Stage: TypeAlias = LineFilter | WordFilter | LabelFilter | LineFormat | LabelFormat | Drop | Keep | Decolorize | Parser


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Lines: which streams, and what is done to each line."""

    matchers: tuple[Matcher, ...]
    stages: tuple[Stage, ...] = ()


Conversion: TypeAlias = Literal["", "duration", "duration_seconds", "bytes"]


@dataclass(frozen=True, slots=True)
class Unwrap:
    """`| unwrap duration_seconds(took) | __error__=""`: a label's number in place of the line, filtered after that."""

    label: str
    conversion: Conversion = ""
    tests: tuple[LabelTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by (a, b)` or `without (a, b)`."""

    labels: tuple[str, ...] = ()
    without: bool = False


LineRangeOp: TypeAlias = Literal["count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time"]
UnwrappedRangeOp: TypeAlias = Literal[
    "rate", "rate_counter", "absent_over_time", "sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
    "first_over_time", "last_over_time", "stddev_over_time", "stdvar_over_time", "quantile_over_time",
]  # fmt: skip
RangeOp: TypeAlias = LineRangeOp | UnwrappedRangeOp


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    """`rate({…} [5m] offset 1h)`: at each step over (time − offset − range, time − offset]."""

    op: RangeOp
    query: LogQuery
    range_ns: int
    offset_ns: int = 0
    unwrap: Unwrap | None = None
    """None: lines are counted."""
    grouping: Grouping | None = None
    """Of the series that the numbers make; None: by all labels."""
    quantile: float = 0.0
    """Of quantile_over_time."""


VectorOp: TypeAlias = Literal[
    "sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "approx_topk", "sort", "sort_desc"
]


@dataclass(frozen=True, slots=True)
class VectorAggregation:
    """`sum by (level) (…)`, `topk(5, …)`."""

    op: VectorOp
    of: "Metric"
    grouping: Grouping
    count: int = 0
    """Of topk, bottomk and approx_topk."""


@dataclass(frozen=True, slots=True)
class LabelReplace:
    """`label_replace(v, to, replacement, from, pattern)`: a label made of another one, where the pattern matches it."""

    of: "Metric"
    to: str
    replacement: str
    source: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Number:
    """A scalar."""

    value: float


@dataclass(frozen=True, slots=True)
class VectorOf:
    """`vector(1)`: one series without labels."""

    value: float


BinaryOp: TypeAlias = Literal["+", "-", "*", "/", "%", "^", "==", "!=", ">", ">=", "<", "<=", "and", "or", "unless"]


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison, or a set operation. Series meet where their labels are equal, as far as `on` says."""

    op: BinaryOp
    left: "Metric"
    right: "Metric"
    as_bool: bool = False
    on: Grouping | None = None
    """`on (…)`, or `ignoring (…)` if `without`."""
    many: Literal["", "left", "right"] = ""
    """Of `group_left` and `group_right`: the side that may have several series for one of the other side."""
    include: tuple[str, ...] = ()
    """Labels that the many get from the one."""


Metric: TypeAlias = RangeAggregation | VectorAggregation | LabelReplace | Number | VectorOf | Binary
Query: TypeAlias = LogQuery | Metric
