"""Keys of `tail_sampling`."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from msgspec import Meta

from ...component import ComponentID, Config, Duration, Remark
from .advice import choices_that_matter
from .compat import parse_version
from .policies import PolicyConfig, name_problems


class DecisionCacheConfig(Config):
    """`decision_cache`."""

    sampled_cache_size: Annotated[int, Meta(ge=0)] = 0
    """Sampled traces whose late spans are handed on, those asked for longest ago forgotten first. 0: such ids count
    into `num_traces`."""
    non_sampled_cache_size: Annotated[int, Meta(ge=0)] = 0
    """The same for traces whose late spans are dropped."""


class TailSamplingConfig(Config):
    policies: tuple[PolicyConfig, ...] = ()
    """What decides; at least one."""
    decision_wait: Duration = Duration(30)
    """From a trace's first span to its decision, which comes with the next tick, once a second."""
    decision_wait_after_root_received: Duration = Duration(0)
    """From its root on, if that is earlier; 0 = the root changes nothing."""
    num_traces: Annotated[int, Meta(ge=1)] = 50_000
    """Ids of decided traces are remembered as long as not so many newer traces came. More that wait are said so once a
    minute, not evicted: `budget_bytes` decides."""
    block_on_overflow: bool = False
    """Let senders wait, not refuse them, while neither memory nor disk has room."""
    expected_new_traces_per_sec: Annotated[int, Meta(ge=0)] = 0
    """Accepted without effect."""
    decision_cache: DecisionCacheConfig = DecisionCacheConfig()
    """How long decisions are remembered for late spans."""
    sample_on_first_match: bool = False
    """Ask no further policy about a trace once one has sampled it."""
    sampling_strategy: Literal["trace-complete", "span-ingest"] = "trace-complete"
    """`span-ingest`: traces that got new spans are judged at each tick, and leave as soon as a policy samples or drops
    them."""
    drop_pending_traces_on_shutdown: bool = False
    """Drop what waits at shutdown; otherwise it is decided with what is there."""
    maximum_trace_size_bytes: Annotated[int, Meta(ge=0)] = 0
    """A trace that gets larger is dropped at once, with all that still comes of it. 0 = none is."""
    num_shards: Annotated[int, Meta(ge=1, le=256)] = 1
    """Accepted without effect: all threads that bring spans work."""
    tail_storage: Any = None
    """Not taken: use `budget_bytes` and `spill_bytes`, and `storage` for what must survive a kill."""
    compat: str = ""
    """Otelier's addition: decide as this version of the Collector, such as 0.149.0; empty: as the newest."""
    budget_bytes: Annotated[int, Meta(ge=0)] = 1 << 30
    """Otelier's addition: encoded bytes that may wait in memory; beyond that the oldest go to disk. 0 = no limit."""
    spill_bytes: Annotated[int, Meta(ge=0)] = 4 << 30
    """Otelier's addition: encoded bytes that may wait on disk; beyond that data is refused. 0 = none."""
    spill_directory: str = ""
    """Otelier's addition: where those lie, in files without names that end with the process; empty: the system's
    directory for temporary files."""
    storage: ComponentID | None = None
    """Otelier's addition: extension that keeps what waits, and decisions, over a kill, such as `file_storage`."""
    record_policy: bool = False
    """Otelier's addition; in the Collector it is the feature gate `processor.tailsamplingprocessor.recordpolicy`: the
    scopes of kept spans get `tailsampling.policy`, of composite policies `tailsampling.composite_policy` too, and those
    of late spans that a `decision_cache` remembers `tailsampling.cached_decision`. Costs a copy of what is kept."""
    decision_records: Annotated[int, Meta(ge=0)] = 100_000
    """Otelier's addition: of so many of the last traces, what each policy said is kept to be asked for."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Ranges, names, and what isn't there."""
        if not self.policies:
            yield "policies", "needs at least one policy"
        for key in ("decision_wait", "decision_wait_after_root_received"):
            if getattr(self, key) < 0:
                yield key, "must not be negative"
        if self.tail_storage is not None:
            yield "tail_storage", "isn't there: use budget_bytes and spill_bytes, and storage to survive a kill"
        if self.compat and parse_version(self.compat) is None:
            yield "compat", "must be a version of the Collector, such as 0.149.0"
        yield from name_problems("policies", self.policies)

    def remarks(self) -> Iterable[Remark]:
        """Of the policies; and a rate that the Collector could not hold."""
        yield from choices_that_matter(self.policies, self.compat)
        if (waiting := round(self.expected_new_traces_per_sec * self.decision_wait)) > self.num_traces:
            what = f"fewer than the {waiting} traces that wait at the expected rate, of which the Collector loses some"
            yield Remark(
                "num_traces", what, "none is lost here, budget_bytes decides; raise it to run the file there, too"
            )
