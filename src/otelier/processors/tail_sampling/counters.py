"""The metrics of tail_sampling, under the Collector's names."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..._core import AddedTraces
from ...component import Context, Counter
from ...component.meter import BoundHistogram
from .decision import Decisions
from .rows import Rows
from .verdict import Verdict

_PREFIX = "otelcol_processor_tail_sampling_"
_AGES_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600)
_TIMES_MS = (1, 2, 5, 10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_000, 3_000, 5_000, 10_000)
_WORDS = {Verdict.SAMPLED: "sampled", Verdict.NOT_SAMPLED: "not_sampled", Verdict.DROPPED: "dropped"}


class Counters:
    """Made once per instance; labels as the Collector's, with the processor's id."""

    def __init__(self, ctx: Context, policies: Sequence[str], stats: Callable[[], Mapping[str, int]]) -> None:
        self._policies = policies
        self._stats = stats
        self._labels = {"processor": str(ctx.id)}
        self._meter = ctx.meter
        own = self._labels
        count, record = self._counter, self._histogram
        self._sampled = count("count_traces_sampled", "{trace}", "Traces, by policy and what it said.")
        self._global = count("global_count_traces_sampled", "{trace}", "Traces, by whether they were sampled.")
        self._spans = count("count_spans_sampled", "{span}", "Spans, by policy and what it said.")
        self._errors = count("sampling_policy_evaluation_error", "{error}", "Traces a policy couldn't tell about.")
        self._executions = count("sampling_policy_execution_count", "{execution}", "Runs of each policy.")
        self._new = count("new_trace_id_received", "{trace}", "Traces that began to wait.").bind(**own)
        self._too_large = count("traces_dropped_too_large", "{trace}", "Larger than allowed.").bind(**own)
        # Always 0: no trace is evicted here. Dashboards ask for it.
        count("sampling_trace_dropped_too_early", "{trace}", "None is: budget_bytes decides.").bind(**own)
        self._cached = count("early_releases_from_cache_decision", "{span}", "Late spans decided by a cache.")
        self._late = count("late_spans", "{span}", "Otelier's: late spans, by what became of them.")
        self._late_age = record("sampling_late_span_age", "s", "Time from decision to late span.", _AGES_S)
        self._age = record("sampling_trace_removal_age", "s", "Time that traces waited.", _AGES_S)
        self._latency = record(
            "sampling_decision_timer_latency", "ms", "Time that the decisions of a tick took.", _TIMES_MS
        )

    def observe(self) -> Callable[[], None]:
        """Show what waits; the result ends that."""
        about = "Traces that wait."
        return self._meter.observe(
            f"{_PREFIX}sampling_traces_on_memory", "gauge", "{trace}", about,
            lambda: [(self._labels, self._stats()["traces"])],
        )  # fmt: skip

    def by_decision(self) -> dict[str, int]:
        """Traces so far, of all processors with this id."""
        return {word: self._sum(self._global, decision=word) for word in _WORDS.values()}

    def of_policy(self, name: str) -> dict[str, int]:
        """Traces so far, by what the policy said; of all processors with this id."""
        said = {word: self._sum(self._sampled, policy=name, decision=word) for word in _WORDS.values()}
        return {**said, "error": self._sum(self._errors, policy=name)}

    def late_spans(self) -> dict[str, int]:
        """Spans so far that came after the decision about their trace, and went its way."""
        return {word: self._sum(self._late, sampled=yes) for yes, word in (("true", "handed_on"), ("false", "dropped"))}

    def added(self, added: AddedTraces) -> None:
        """What became of a batch."""
        self._new.add(added.new_traces)
        if added.too_large[0]:
            self._too_large.add(added.too_large[0])
        for age_us in added.late_ages_us:
            self._late_age.record(age_us / 1e6)
        for sampled, spans in zip(("true", "false"), added.cached_spans, strict=True):
            if spans:
                self._cached.add(spans, sampled=sampled, **self._labels)
        if late := added.late:
            self._late.add(late.items, sampled="true", **self._labels)
        if added.late_dropped_spans:
            self._late.add(added.late_dropped_spans, sampled="false", **self._labels)

    def decided(self, rows: Rows, decisions: Decisions, waited_us: NDArray[np.int64]) -> None:
        """A tick's decisions, all final."""
        for verdict, word in _WORDS.items():
            if count := int(np.count_nonzero(decisions.verdicts == verdict)):
                yes = str(verdict == Verdict.SAMPLED).lower()
                self._global.add(count, sampled=yes, decision=word, **self._labels)
        for name, said in zip(self._policies, decisions.matrix, strict=True):
            self._executions.add(int(np.count_nonzero(said != Verdict.NOT_ASKED)), policy=name, **self._labels)
            for verdict, word in _WORDS.items():
                here = said == verdict
                if count := int(np.count_nonzero(here)):
                    labels = {"policy": name, "sampled": str(verdict == Verdict.SAMPLED).lower(), "decision": word}
                    self._sampled.add(count, **labels, **self._labels)
                    self._spans.add(int(rows.spans[here].sum()), **labels, **self._labels)
        for name, errors in zip(self._policies, decisions.errors.tolist(), strict=True):
            if errors:
                self._errors.add(errors, policy=name, **self._labels)
        seconds, traces = np.unique(waited_us // 10**6, return_counts=True)
        for age_s, times in zip(seconds.tolist(), traces.tolist(), strict=True):
            self._age.record(age_s, times)

    def ticked(self, took_s: float) -> None:
        """How long a tick took."""
        self._latency.record(took_s * 1e3)

    def _sum(self, counter: Counter, **labels: str) -> int:
        wanted = {*labels.items(), *self._labels.items()}
        return int(sum(value for key, value in counter.read().items() if wanted <= {*key}))

    def _counter(self, name: str, unit: str, about: str) -> Counter:
        return self._meter.counter(_PREFIX + name, unit, about)

    def _histogram(self, name: str, unit: str, about: str, bounds: Sequence[float]) -> BoundHistogram:
        return self._meter.histogram(_PREFIX + name, unit, about, bounds).bind(**self._labels)
