"""The targets of one job: what discovery finds now, relabelled, scraped or dropped."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..component import Clock, Context
from .client import Identity, http_client
from .config import Job
from .discovery import Discovery, discoveries
from .loops import Loop, Loops, relabellings
from .relabel import LabelSet
from .series import AsOtlp
from .target import BadTarget, Target, TargetGroup, discovered_labels, made


@dataclass(frozen=True, slots=True)
class Dropped:
    """A target that relabelling dropped."""

    discovered: Mapping[str, str]


@dataclass(slots=True)
class _Made:
    """What a group comes to: relabelled once, however often discovery tells of it."""

    group: TargetGroup
    targets: list[Target] = field(default_factory=list[Target])
    dropped: list[Dropped] = field(default_factory=list[Dropped])


class Pool:
    """One job at work: made → `start` → `stop`."""

    def __init__(self, job: Job, loops: Loops, ctx: Context, otlp: AsOtlp | None = None) -> None:
        """Raises ValueError for TLS files that can't be used."""
        self.job = job
        self._loops = loops
        self._otlp = otlp
        self._log = ctx.log
        clock: Clock = ctx.clock
        self._client = http_client(job.config, body_limit=job.body_size_limit)
        self._identity = Identity(job.config, clock)
        self._relabelling = relabellings(job)
        self._lock = threading.Lock()
        self._groups: dict[tuple[int, str], _Made] = {}
        self._active: dict[tuple[object, ...], tuple[int, Loop]] = {}
        self._dropped: list[Dropped] = []
        self._dropped_count = 0
        self._stopped = False
        self._discoveries: list[Discovery] = [
            discovery(ctx, lambda groups, n=n: self._found(n, groups))
            for n, discovery in enumerate(discoveries(job.config))
        ]

    def start(self) -> None:
        """Look for targets, and scrape them."""
        self._identity.start()
        for each in self._discoveries:
            each.start()

    def stop(self, *, gone: bool = False) -> None:
        """Look no more. `gone`: the job is no more, so its targets become stale."""
        with self._lock:
            self._stopped = True
            for number, _ in self._active.values() if gone else ():
                self._loops.end(number)
        for each in self._discoveries:
            each.stop()
        self._identity.stop()

    def active(self) -> list[Loop]:
        """What is scraped now."""
        with self._lock:
            return [loop for _, loop in self._active.values()]

    def dropped(self) -> tuple[list[Dropped], int]:
        """What relabelling dropped, as far as it is kept, and how many there are."""
        with self._lock:
            return list(self._dropped), self._dropped_count

    def _found(self, number: int, groups: Sequence[TargetGroup]) -> None:
        """All that one discovery knows now."""
        with self._lock:
            if self._stopped:
                return
            before = self._groups
            self._groups = {key: made for key, made in before.items() if key[0] != number}
            for group in groups:
                key = number, group.source
                known = before.get(key)
                self._groups[key] = known if known and known.group == group else self._made_of(group)
            self._sync()

    def _sync(self) -> None:
        wanted: dict[tuple[object, ...], Target] = {}
        dropped: list[Dropped] = []
        for made_of in self._groups.values():
            dropped += made_of.dropped
            for target in made_of.targets:
                wanted.setdefault(target.key, target)
        limit = self.job.keep_dropped_targets
        self._dropped_count, self._dropped = len(dropped), dropped[:limit] if limit else dropped
        for key in [key for key in self._active if key not in wanted]:
            self._loops.end(self._active.pop(key)[0])
        for key, target in wanted.items():
            if key not in self._active:
                loop = Loop(self.job, target, self._client, self._identity, self._relabelling["series"], self._otlp)
                loop.refusal = self._refusal(len(wanted))
                self._active[key] = self._loops.add(loop), loop
        for _, loop in self._active.values():
            loop.refusal = self._refusal(len(wanted))

    def _refusal(self, targets: int) -> str:
        limit = self.job.target_limit
        return f"{targets} targets, and target_limit is {limit}" if limit and targets > limit else ""

    def _made_of(self, group: TargetGroup) -> "_Made":
        found = _Made(group)
        for own in group.targets:
            labels = discovered_labels(self.job, group, own)
            target = self._made(labels, group)
            if target is None:
                found.dropped.append(Dropped(labels))
            else:
                found.targets.append(target)
        return found

    def _made(self, labels: LabelSet, group: TargetGroup) -> Target | None:
        try:
            return made(self.job, self._relabelling["targets"], labels)
        except BadTarget as error:
            self._log.warning("job %s: a target of %s is left out: %s", self.job.name, group.source, error)
            return None
