"""What a LogQL text says. Positions are kept where running it may still find fault."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

MatchOp: TypeAlias = Literal["=", "!=", "=~", "!~"]
CompareOp: TypeAlias = Literal["==", "!=", ">", ">=", "<", "<="]
LineOp: TypeAlias = Literal["|=", "!=", "|~", "!~"]


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
class Both:
    """`and`, a comma, or two label filters in a row."""

    parts: Sequence["LabelTest"]


@dataclass(frozen=True, slots=True)
class Either:
    """`or`."""

    parts: Sequence["LabelTest"]


LabelTest: TypeAlias = Matcher | NumberTest | Both | Either


@dataclass(frozen=True, slots=True)
class LineFilter:
    """`|= "a" or "b"`: at least one of them; of the negated ones: none of them."""

    op: LineOp
    values: tuple[str, ...]


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
class LabelFilter:
    """`| status >= 500 and method = "GET"`."""

    test: LabelTest


@dataclass(frozen=True, slots=True)
class Template:
    """Texts and names of labels by turns, beginning with a text; the name `__line__` is the line."""

    parts: tuple[str, ...]


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


Stage: TypeAlias = LineFilter | WordFilter | Json | Logfmt | LabelFilter | LineFormat | LabelFormat | Drop | Keep


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Lines: which streams, and what is done to each line."""

    matchers: tuple[Matcher, ...]
    stages: tuple[Stage, ...] = ()


RangeOp: TypeAlias = Literal["count_over_time", "rate", "bytes_over_time", "bytes_rate", "absent_over_time"]


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    """`rate({…} [5m] offset 1h)`: at each step over (time − offset − range, time − offset]."""

    op: RangeOp
    query: LogQuery
    range_ns: int
    offset_ns: int = 0


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by (a, b)` or `without (a, b)`."""

    labels: tuple[str, ...] = ()
    without: bool = False


VectorOp: TypeAlias = Literal["sum", "avg", "min", "max", "count", "topk", "bottomk", "sort", "sort_desc"]


@dataclass(frozen=True, slots=True)
class VectorAggregation:
    """`sum by (level) (…)`, `topk(5, …)`."""

    op: VectorOp
    of: "Metric"
    grouping: Grouping
    count: int = 0
    """Of topk and bottomk."""


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


Metric: TypeAlias = RangeAggregation | VectorAggregation | Number | VectorOf | Binary
Query: TypeAlias = LogQuery | Metric
