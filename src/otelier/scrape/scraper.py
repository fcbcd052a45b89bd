"""All jobs of a configuration at work; another configuration takes over without a gap."""

import threading

from ..component import Context
from .config import Job, PrometheusConfig
from .loops import Loops, Sink
from .pool import Pool
from .series import AsOtlp


class Scraper:
    """Scrapes what `apply` said last. Life: made → `start` → `apply`, again and again → `stop`."""

    def __init__(self, ctx: Context, sink: Sink, otlp: AsOtlp | None = None) -> None:
        """`otlp`: make OTLP instead of samples."""
        self._ctx = ctx
        self._otlp = otlp
        self._loops = Loops(ctx.clock, sink, ctx.log)
        self._pools: dict[str, Pool] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Ready for jobs."""
        self._loops.start()

    def apply(self, config: PrometheusConfig) -> None:
        """Jobs that are as before go on. Raises ValueError for a job that can't be made; then nothing has changed."""
        with self._lock:
            jobs = {job.name: job for job in config.jobs()}
            new = {
                name: Pool(job, self._loops, self._ctx, self._otlp) for name, job in jobs.items() if self._differs(job)
            }
            for name in [name for name in self._pools if name not in jobs or name in new]:
                self._pools.pop(name).stop(gone=True)
            self._pools |= new
        for pool in new.values():
            pool.start()

    def pools(self) -> dict[str, Pool]:
        """By the name of the job, sorted."""
        with self._lock:
            return dict(sorted(self._pools.items()))

    def stop(self) -> None:
        """Scrape no more."""
        for pool in self.pools().values():
            pool.stop()
        self._loops.stop()

    def _differs(self, job: Job) -> bool:
        known = self._pools.get(job.name)
        return known is None or known.job != job
