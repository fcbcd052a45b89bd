"""What the order of a pipeline's components means where it is allowed but rarely meant: one function per rule.

What can't be seen from one file, such as whether traffic arrives routed by trace id, is not spoken of.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from ..component import Kind
from ..config import Path
from .plan import PipelinePlan, connections

_HOLDS = frozenset({"batch", "groupbytrace", "tail_sampling"})
"""Processors that answer senders at once and hand on later."""
_BY_TRACE = frozenset({"groupbytrace", "tail_sampling"})
_MEASURES = frozenset({"spanmetrics", "servicegraph"})
_KEEPS_SOME = "tail_sampling"
"""Not probabilistic_sampler: it writes the probability into each span, and what measures multiplies by it."""


class OrderRemark(NamedTuple):
    """One thing to be said."""

    path: Path
    """Of the component's name in the pipeline."""
    what: str
    advice: str


Rule: TypeAlias = Callable[[PipelinePlan, Sequence[PipelinePlan]], Iterator[OrderRemark]]


def memory_limiter_is_first(pipeline: PipelinePlan, _all: Sequence[PipelinePlan]) -> Iterator[OrderRemark]:
    """It protects only from what has not been taken or worked on yet."""
    for at, limiter in enumerate(pipeline.processors):
        if limiter.registration.type != "memory_limiter" or not at:
            continue
        before = pipeline.processors[:at]
        if holder := next((each for each in before if each.registration.type in _HOLDS), None):
            why = f"comes after `{holder.id}`, which answers senders at once: none is told to wait when memory is short"
        else:
            why = f"comes after `{before[0].id}`, which has worked in vain on what is refused"
        yield OrderRemark(_place(pipeline, "processors", at), f"`{limiter.id}` {why}", "put it first in the pipeline")


def batch_is_behind_grouping(pipeline: PipelinePlan, _all: Sequence[PipelinePlan]) -> Iterator[OrderRemark]:
    """What works by trace takes batches apart again."""
    for at, batch in enumerate(pipeline.processors):
        if batch.registration.type != "batch":
            continue
        behind = pipeline.processors[at + 1 :]
        if by_trace := next((each for each in behind if each.registration.type in _BY_TRACE), None):
            what = (
                f"`{batch.id}` comes before `{by_trace.id}`, which takes batches apart by trace: spans only wait longer"
            )
            yield OrderRemark(_place(pipeline, "processors", at), what, f"put it behind `{by_trace.id}`")


def metrics_are_before_sampling(pipeline: PipelinePlan, all_: Sequence[PipelinePlan]) -> Iterator[OrderRemark]:
    """Metrics of sampled spans are not those of all requests."""
    for at, measuring in enumerate(pipeline.exporters):
        if measuring.registration.type not in _MEASURES:
            continue
        for upstream in _upstream(pipeline, all_):
            if sampler := next((p for p in upstream.processors if p.registration.type == _KEEPS_SOME), None):
                what = f"`{measuring.id}` counts only what `{sampler.id}` in pipeline `{upstream.id}` has kept"
                advice = f"name it in a pipeline without `{sampler.id}` that has the same receivers"
                yield OrderRemark(_place(pipeline, "exporters", at), what, advice)
                break


def metadata_is_handed_on(pipeline: PipelinePlan, all_: Sequence[PipelinePlan]) -> Iterator[OrderRemark]:
    """Who decides by the client's metadata needs a receiver that hands it on."""
    upstream = [receiver for each in _upstream(pipeline, all_) for receiver in each.receivers]
    if any(receiver.config.gives_metadata() for receiver in upstream):
        return
    for role, declared in (("processors", pipeline.processors), ("exporters", pipeline.exporters)):
        for at, reader in enumerate(declared):
            if reader.config.reads_metadata():
                what = f"`{reader.id}` looks at the client's metadata, which no receiver before it hands on"
                yield OrderRemark(_place(pipeline, role, at), what, "set `include_metadata: true` under its protocols")


RULES: tuple[Rule, ...] = (
    memory_limiter_is_first,
    batch_is_behind_grouping,
    metrics_are_before_sampling,
    metadata_is_handed_on,
)


def order_remarks(pipelines: Sequence[PipelinePlan]) -> Iterator[OrderRemark]:
    """Of all rules about all pipelines."""
    for pipeline in pipelines:
        for rule in RULES:
            yield from rule(pipeline, pipelines)


def _upstream(pipeline: PipelinePlan, all_: Sequence[PipelinePlan]) -> Iterator[PipelinePlan]:
    """It and, through connectors, all whose data comes to it, the nearest first. There are no cycles."""
    yield pipeline
    for begin in (each for each in pipeline.receivers if each.kind is Kind.CONNECTOR):
        for ended, begun in connections(begin, all_):
            if begun is pipeline and ended.signal == begun.signal:
                yield from _upstream(ended, all_)


def _place(pipeline: PipelinePlan, role: str, at: int) -> Path:
    return ("service", "pipelines", str(pipeline.id), role, at)
