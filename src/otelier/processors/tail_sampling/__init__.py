"""tail_sampling: wait until a trace is likely whole, then let policies decide whether all of it is kept or none.

A trace is decided `decision_wait` after its first span, at the next tick of one second: all policies judge all traces
that are due, as columns. Late spans follow the decision as long as it is remembered, and begin a new trace afterwards.

Intended differences from the Collector: what is kept at a tick travels as one batch, in which each trace stands in one
piece. No trace is evicted when `num_traces` is exceeded: `budget_bytes` decides, what is beyond it goes to disk and
then is refused. What the next component refuses for now is offered again. `decision_records` tells afterwards what each
policy said about a trace.
With `storage` spans are on disk before their sender is answered, decisions before what they keep is handed on: after a
kill the next process keeps what this one would have kept (unless a policy depends on rates). What was just on its way
may be handed on again.
"""

import json
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..._core import TraceColumns
from ...component import Custody, Processor, processor
from ...telemetry import Batch
from ...whole_traces import FATE_WAIT_ON, Limits, WaitingTraces
from .attribution import attributed, of_late_spans
from .compat import rules_of
from .config import TailSamplingConfig
from .counters import Counters
from .decision import NOBODY, Decisions, decide
from .page import SAMPLINGZ, SamplingPage
from .policies import make_policies
from .policy import SpanMatcher, all_matchers, encode_matchers
from .records import DecisionRecords
from .rows import Rows
from .verdict import Verdict

__all__ = ["TailSampling", "TailSamplingConfig"]

_TICK_S = 1.0


@processor("tail_sampling", signals={"traces"}, stability="beta")
class TailSampling(Processor):
    cfg: TailSamplingConfig
    decision_records: DecisionRecords
    """Of the last traces."""

    def setup(self) -> None:
        cfg = self.cfg
        self._policies = make_policies(cfg.policies, rules_of(cfg.compat), self.ctx)
        matchers = all_matchers(self._policies)
        native = [matcher for matcher in matchers if not isinstance(matcher, SpanMatcher)]
        masks = [matcher.mask for matcher in matchers if isinstance(matcher, SpanMatcher)]
        options = {
            "wait_after_root_us": round(cfg.decision_wait_after_root_received * 1e6),
            "touched": cfg.sampling_strategy == "span-ingest",
            "remember": True,
            "sampled_cache": cfg.decision_cache.sampled_cache_size,
            "other_cache": cfg.decision_cache.non_sampled_cache_size,
            "max_trace_bytes": cfg.maximum_trace_size_bytes,
            "matchers": json.loads(encode_matchers(native)),
        }
        limits = Limits(
            cfg.num_traces, cfg.budget_bytes, cfg.spill_bytes, cfg.spill_directory, block=cfg.block_on_overflow
        )
        late_edit = of_late_spans() if cfg.record_policy and cfg.decision_cache.sampled_cache_size else None
        self._traces = WaitingTraces(self.ctx, cfg.decision_wait, limits, cfg.storage, options, masks, late_edit)
        # The buffer answers native matchers first, policies expect theirs side by side.
        own, theirs = iter(range(len(native))), iter(range(len(native), len(matchers)))
        self._order = [next(theirs if isinstance(matcher, SpanMatcher) else own) for matcher in matchers]
        names = [policy.name for policy in self._policies]
        self._counters = Counters(self.ctx, names, self._traces.stats)
        self.decision_records = DecisionRecords(names, cfg.decision_records)
        self._page = SamplingPage(cfg.policies, self.decision_records, self._counters, self._traces)
        self._forget: list[Callable[[], None]] = []

    def start(self) -> None:
        self._traces.start(self.next, _TICK_S, self._decide_due)
        page = f"{self.ctx.id} in {self.ctx.pipeline}"
        self._forget = [self._counters.observe(), self.ctx.pages.add(SAMPLINGZ, page, self._page.read)]

    def consume(self, batch: Batch) -> None:
        if batch:
            added = self._traces.add(batch)
            self._counters.added(added)
            if added.too_large[1]:
                self._traces.drop(added.too_large[1], "too large")

    def prepare_stop(self, deadline: float) -> None:
        self._traces.give_up_waiting()

    def stop(self, deadline: float) -> None:
        self._traces.stop(deadline)
        while self._forget:
            self._forget.pop()()

    def custody(self) -> Custody:
        return self._traces.custody()

    def _decide_due(self, all_of_them: bool) -> None:
        if all_of_them:
            self._decide_rest()
            return
        began = self.ctx.clock.monotonic()
        if self.cfg.sampling_strategy == "span-ingest":
            self._decide(self._traces.touched(), early=True)
        self._decide(self._traces.due())
        self._counters.ticked(self.ctx.clock.monotonic() - began)

    def _decide_rest(self) -> None:
        rest = self._traces.due(all_of_them=True)
        if self.cfg.drop_pending_traces_on_shutdown:
            taken = self._traces.take(rest, bytes((Verdict.DROPPED,)) * len(rest))
            if taken.dropped_spans:
                self.ctx.log.warning("dropped %d spans of traces that were not decided yet", taken.dropped_spans)
                self._traces.drop(taken.dropped_spans, "shutdown")
        else:
            self._decide(rest)

    def _decide(self, columns: TraceColumns, *, early: bool = False) -> None:
        """`early`: what no policy samples or drops waits on."""
        if not len(columns):
            return
        clock = self.ctx.clock
        rows = self._rows(columns)
        waited_us = self._traces.now_us() - np.frombuffer(columns.arrived_us, np.uint64).astype(np.int64)
        decisions = self._judge(rows)
        fates = decisions.verdicts
        if early:
            fates = np.where(fates == Verdict.NOT_SAMPLED, np.int8(FATE_WAIT_ON), fates)
        self._take(columns, fates, decisions)
        if early:
            final = np.flatnonzero(fates != FATE_WAIT_ON)
            if not len(final):
                return
            rows, waited_us = rows.take(final), waited_us[final]
            decisions = Decisions(decisions.verdicts[final], decisions.deciders[final], decisions.matrix[:, final])
        self._counters.decided(rows, decisions, waited_us)
        self.decision_records.add(rows, decisions, clock.time_ns())

    def _take(self, columns: TraceColumns, fates: NDArray[np.int8], decisions: Decisions) -> None:
        """Let the rows go, with `record_policy` those of each policy as a batch of their own."""
        wait_on = np.int8(FATE_WAIT_ON)
        if self.cfg.record_policy:
            for mine, edit in attributed(self._policies, decisions):
                self._traces.take(columns, np.where(mine, fates, wait_on).tobytes(), edit)
                fates = np.where(mine, wait_on, fates)
        self._traces.take(columns, fates.tobytes())

    def _judge(self, rows: Rows) -> Decisions:
        try:
            now_s = self.ctx.clock.monotonic()
            return decide(self._policies, rows, now_s, first_match=self.cfg.sample_on_first_match)
        except Exception:  # a policy that fails must not hold traces for ever
            self.ctx.log.exception("the policies failed, %d traces are not sampled", len(rows))
            count = len(rows)
            matrix = np.full((len(self._policies), count), Verdict.ERROR, np.int8)
            return Decisions(np.zeros(count, np.int8), np.full(count, NOBODY, np.intp), matrix)

    def _rows(self, columns: TraceColumns) -> Rows:
        count = len(columns)
        return Rows(
            trace_ids=columns.trace_ids,
            first_start_ns=np.frombuffer(columns.first_start_ns, np.uint64),
            last_end_ns=np.frombuffer(columns.last_end_ns, np.uint64),
            spans=np.frombuffer(columns.spans, np.int64),
            size_bytes=np.frombuffer(columns.size_bytes, np.int64),
            status_codes=np.frombuffer(columns.status_codes, np.uint8),
            flags=np.frombuffer(columns.flags, np.uint32),
            matches=np.frombuffer(columns.matches, np.bool_).reshape(len(self._order), count)[self._order],
            batch=lambda row: self._traces.peek(columns, row),
        )
