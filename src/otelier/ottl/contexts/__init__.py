"""The contexts that OTTL statements can run in, and what each lets paths say."""

from ...telemetry import SIGNALS, Signal
from .datapoint import DATAPOINT
from .level import Context, Level, of_items, of_parts, of_resources, of_scopes
from .log import LOG
from .members import Member
from .metric import METRIC
from .resource import RESOURCE
from .scope import SCOPE
from .span import SPAN
from .spanevent import SPANEVENT

__all__ = ["CONTEXTS", "INFERENCE_ORDER", "Context", "Level", "Member", "context_named"]

_ALL = frozenset[Signal](SIGNALS)
_TRACES = frozenset[Signal]({"traces"})
_METRICS = frozenset[Signal]({"metrics"})
_LOGS = frozenset[Signal]({"logs"})

CONTEXTS: dict[str, Context] = {
    context.name: context
    for context in (
        Context((RESOURCE,), _ALL, of_resources),
        Context((SCOPE, RESOURCE), _ALL, of_scopes),
        Context((SPAN, SCOPE, RESOURCE), _TRACES, of_items("span")),
        Context((SPANEVENT, SPAN, SCOPE, RESOURCE), _TRACES, of_parts("spanevent", "span")),
        Context((METRIC, SCOPE, RESOURCE), _METRICS, of_items("metric")),
        Context((DATAPOINT, METRIC, SCOPE, RESOURCE), _METRICS, of_parts("datapoint", "metric")),
        Context((LOG, SCOPE, RESOURCE), _LOGS, of_items("log")),
    )
}
"""By name."""

INFERENCE_ORDER = ("log", "datapoint", "metric", "spanevent", "span", "scope", "resource")
"""Which context statements get that name several: the first of these."""


def context_named(name: str) -> Context | None:
    """Also by another name, such as `instrumentation_scope`."""
    return next((context for context in CONTEXTS.values() if name in (context.name, *context.own.aliases)), None)
