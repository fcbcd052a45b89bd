"""The words that TraceQL knows, and what those who write other ones probably meant."""

from collections.abc import Mapping

from ...component.nearest import nearest
from ..kinds import KINDS, STATUSES
from .ast import AggregateFunction, Constant, ConstantType, IntrinsicName, MetricsFunction

SCOPES = ("span", "resource", "event", "link", "instrumentation", "parent")
"""Each with a dot and a name is an attribute."""

INTRINSICS: Mapping[str, IntrinsicName] = {
    "name": "name",
    "duration": "duration",
    "kind": "kind",
    "status": "status",
    "statusMessage": "statusMessage",
    "traceDuration": "traceDuration",
    "rootName": "rootName",
    "rootServiceName": "rootServiceName",
    "nestedSetLeft": "nestedSetLeft",
    "nestedSetRight": "nestedSetRight",
    "nestedSetParent": "nestedSetParent",
    "parent": "parent",
    "span:name": "name",
    "span:duration": "duration",
    "span:kind": "kind",
    "span:status": "status",
    "span:statusMessage": "statusMessage",
    "span:id": "span:id",
    "span:parentID": "span:parentID",
    "span:childCount": "span:childCount",
    "trace:duration": "traceDuration",
    "trace:rootName": "rootName",
    "trace:rootService": "rootServiceName",
    "trace:id": "trace:id",
    "event:name": "event:name",
    "event:timeSinceStart": "event:timeSinceStart",
    "link:traceID": "link:traceID",
    "link:spanID": "link:spanID",
    "instrumentation:name": "instrumentation:name",
    "instrumentation:version": "instrumentation:version",
}
"""As they may be written, and which they are."""

TYPES: Mapping[IntrinsicName, ConstantType | None] = {
    "name": "string",
    "duration": "duration",
    "kind": "kind",
    "status": "status",
    "statusMessage": "string",
    "span:id": "string",
    "span:parentID": "string",
    "span:childCount": "int",
    "traceDuration": "duration",
    "rootName": "string",
    "rootServiceName": "string",
    "trace:id": "string",
    "event:name": "string",
    "event:timeSinceStart": "duration",
    "link:traceID": "string",
    "link:spanID": "string",
    "instrumentation:name": "string",
    "instrumentation:version": "string",
    "nestedSetLeft": "int",
    "nestedSetRight": "int",
    "nestedSetParent": "int",
    "parent": None,
}
"""None: known only for a span."""

KIND_WORDS: Mapping[str, int] = {word or "unspecified": number for word, number in KINDS.items()}
CONSTANTS: Mapping[str, Constant] = {
    "true": Constant(True, "bool"),
    "false": Constant(False, "bool"),
    "nil": Constant(None, "nil"),
    **{word: Constant(number, "status") for word, number in STATUSES.items()},
    **{word: Constant(number, "kind") for word, number in KIND_WORDS.items()},
    "minInt": Constant(-(2**63), "int"),
    "maxInt": Constant(2**63 - 1, "int"),
}

AGGREGATES: Mapping[str, AggregateFunction] = {
    "count": "count", "min": "min", "max": "max", "avg": "avg", "sum": "sum",
}  # fmt: skip
MEASURES: Mapping[str, MetricsFunction] = {
    "rate": "rate",
    "count_over_time": "count_over_time",
    "min_over_time": "min_over_time",
    "max_over_time": "max_over_time",
    "avg_over_time": "avg_over_time",
    "sum_over_time": "sum_over_time",
    "quantile_over_time": "quantile_over_time",
    "histogram_over_time": "histogram_over_time",
}
STAGES = ("by", "select", "coalesce", "sort")
RANKS = ("topk", "bottomk")
FUNCTIONS = (*AGGREGATES, *STAGES, *MEASURES, "compare", *RANKS)
SAFE_HINTS = ("most_recent", "sample", "span_sample", "trace_sample", "exemplars", "extrapolate")

_OPERATORS = {
    "and": "&&", "or": "||", "not": "!", "in": '= ["a", "b"]', "contains": '=~ ".*text.*"', "like": '=~ ".*text.*"',
    "matches": '=~ "pattern"', "is": "=", "equals": "=", "eq": "=", "ne": "!=", "gt": ">", "lt": "<",
}  # fmt: skip
_CONSTANTS = {"null": "nil", "none": "nil", "undefined": "nil", "err": "error", "failed": "error"}
_FIELDS = {
    "service": "resource.service.name",
    "servicename": "resource.service.name",
    "operation": "name",
    "operationname": "name",
    "spanname": "name",
    "latency": "duration",
    "traceid": "trace:id",
    "spanid": "span:id",
    "parentid": "span:parentID",
    "parentspanid": "span:parentID",
    "childcount": "span:childCount",
    "spankind": "kind",
    "statuscode": "status",
    "root": "parent = nil",
    "rootservice": "rootServiceName",
}
_FUNCTIONS = {
    "rateovertime": "rate", "quantile": "quantile_over_time", "histogram": "histogram_over_time", "groupby": "by",
    "group": "by", "orderby": "sort", "sortby": "sort", "order": "sort", "average": "avg", "mean": "avg",
}  # fmt: skip
_OF_RESOURCES = ("service", "k8s", "host", "deployment", "cloud", "container", "telemetry", "os", "process")
_LETTERS_OFF = 2
"""More letters aren't a slip of the hand."""


def meant_operator(word: str) -> str:
    """For a word where an operator should be; empty if there is none."""
    return _OPERATORS.get(word.lower(), "")


def meant_field(word: str) -> str:
    """For a word that is no field: an intrinsic, or an attribute with a scope."""
    folded = word.lower().replace("_", "")
    if known := _CONSTANTS.get(folded) or _FIELDS.get(folded):
        return known
    if folded in ("true", "false", "nil"):
        return folded
    if "." not in word:
        alike = [name for name in INTRINSICS if ":" not in name and abs(len(name) - len(word)) <= _LETTERS_OFF]
        return nearest(word, alike) or f".{word}"
    scope = "resource" if word.partition(".")[0] in _OF_RESOURCES else "span"
    return f"{scope}.{word}"


def meant_intrinsic(word: str) -> str:
    """For `scope:name` that isn't one: the same name in another scope, or the nearest."""
    scope, _, name = word.partition(":")
    if same := [each for each in INTRINSICS if each.partition(":")[2] == name]:
        return same[0]
    if found := nearest(word, [each for each in INTRINSICS if each.startswith(f"{scope}:")]):
        return found
    if name in CONSTANTS and scope in INTRINSICS:
        return f"{scope} = {name}"
    return f"{scope}.{name}" if scope in SCOPES else nearest(word, INTRINSICS)


def meant_value(word: str, type_: ConstantType | None) -> str:
    """For a word that is no constant where one of this type should be."""
    folded = word.lower()
    known = _CONSTANTS.get(folded, folded)
    if type_ in ("status", "kind"):
        words = STATUSES if type_ == "status" else KIND_WORDS
        stripped = folded.removeprefix("status_code_").removeprefix("span_kind_")
        return nearest(_CONSTANTS.get(stripped, stripped), words)
    return known if known in ("true", "false", "nil") else f'"{word}"'


def meant_function(word: str) -> str:
    """For a function that isn't one."""
    return _FUNCTIONS.get(word.lower().replace("_", "")) or nearest(word, FUNCTIONS)
