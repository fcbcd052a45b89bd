"""logging: the old name of `debug`, for configurations that still have it.

Behaves as `debug` does. The Collector removed it; `loglevel` says how much is printed.
"""

from collections.abc import Iterable
from typing import Literal

from ..component import Config, Custody, Exporter, exporter
from ..telemetry import Batch
from .debug import Debug, DebugConfig

_VERBOSITIES: dict[str, Literal["basic", "normal", "detailed"]] = {
    "debug": "detailed",
    "info": "normal",
    "warn": "basic",
    "error": "basic",
}


class LoggingConfig(Config):
    """Keys of `logging`, as the Collector last had them."""

    loglevel: str = "info"
    """debug prints everything, info a line per item, warn and error a line per batch."""
    verbosity: Literal["basic", "normal", "detailed"] | None = None
    """Came after `loglevel`, and wins over it."""
    sampling_initial: int = 2
    """Batches printed each second before sampling begins."""
    sampling_thereafter: int = 500
    """Of those after that, print one in so many; 1 = all, 0 = none."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Known levels, and what `debug` checks."""
        if self.loglevel.lower() not in _VERBOSITIES:
            yield "loglevel", f"must be one of {', '.join(_VERBOSITIES)}"
            return
        yield from self.as_debug().problems()

    def as_debug(self) -> DebugConfig:
        """The same in today's keys."""
        return DebugConfig(
            verbosity=self.verbosity or _VERBOSITIES[self.loglevel.lower()],
            sampling_initial=self.sampling_initial,
            sampling_thereafter=self.sampling_thereafter,
        )


@exporter("logging", stability="removed upstream", signals={"traces", "metrics", "logs"}, replaced_by="debug")
class Logging(Exporter):
    """The component."""

    cfg: LoggingConfig

    def setup(self) -> None:
        """A `debug` exporter under this one's id."""
        self._debug = Debug(self.cfg.as_debug(), self.ctx)

    def start(self) -> None:
        """As debug."""
        self._debug.start()

    def consume(self, batch: Batch) -> None:
        """As debug."""
        self._debug.consume(batch)

    def stop(self, deadline: float) -> None:
        """As debug."""
        self._debug.stop(deadline)

    def custody(self) -> Custody:
        """As debug."""
        return self._debug.custody()
