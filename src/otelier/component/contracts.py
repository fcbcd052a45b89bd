"""What a component is. Life: made → `start` → works → `prepare_stop` → `stop`; `stop` alone is allowed, too.

Data flows by synchronous calls: `consume` returns when the batch is in safe hands (see `custody`) and
raises otherwise: `Retryable` if the same data may be offered again, `Permanent` if not. Batches are
immutable, so they may be handed to several consumers and kept as long as needed; an edit makes a new one.
`consume` is called by several threads at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol

from ..telemetry import Batch, Signal
from .config import Config
from .context import Context
from .custody import FORWARDS, Custody
from .id import ComponentID


class Consumer(Protocol):
    """Whatever can be given a batch."""

    def consume(self, batch: Batch) -> None:
        """Take the batch into custody. Raises Retryable or Permanent."""
        ...


class Component(ABC):
    """Common to all kinds. Subclasses narrow `cfg` and override what they need."""

    cfg: Any
    """The component's own `Config`; the annotation in the subclass says which."""

    def __init__(self, cfg: Config, ctx: Context) -> None:
        self.cfg = cfg
        self.ctx = ctx
        self.setup()

    def setup(self) -> None:
        """Make state and instruments; no I/O, no threads."""

    def start(self) -> None:
        """Open sockets and files, start threads. Raises StartError."""

    def prepare_stop(self, deadline: float) -> None:
        """All will be stopped by `deadline`: whatever waits or retries in `consume` gives up by then. Go on working.

        Called before anything stops, because those upstream may flush into this one while they stop. Returns at once.
        """

    def stop(self, deadline: float) -> None:
        """Finish what was accepted by `deadline` (of `ctx.clock.monotonic()`), then let go of everything.

        Called after everything upstream has stopped and before anything downstream does.
        """

    def custody(self) -> Custody:
        """Who answers for what this component accepted, configured as it is."""
        return FORWARDS

    def explain(self) -> Iterable[tuple[str, str]]:
        """(part of its configuration, how it is run), where it matters: an OTTL statement, `native` or why not."""
        return ()


class Receiver(Component):
    """Brings telemetry in. One instance serves all pipelines that name it."""

    outputs: Mapping[Signal, Consumer]
    """Set by the graph before `start`: where each wanted signal goes."""


class Processor(Component):
    """One place in one pipeline. Override `process`, or `consume` where a batch isn't answered one to one."""

    next: Consumer
    """Set by the graph before `start`."""

    def absorb(self, earlier: "Processor") -> bool:
        """Do what the processor before this one does, too, so that telemetry is walked once; asked before the start.

        Whoever says True has seen to it that `earlier` hands batches on as they are.
        """
        return False

    def process(self, batch: Batch) -> Batch | None:
        """The batch to hand on; None or an empty one hands on nothing and counts as accepted."""
        return batch

    def consume(self, batch: Batch) -> None:
        """Process and hand on; answers when the next one has."""
        out = self.process(batch)
        if out:
            self.next.consume(out)


class RoutingProcessor(Processor):
    """Chooses among the exporters of its pipeline, past the processors behind it."""

    exporters: Mapping[ComponentID, Consumer]
    """Set by the graph before `start`: by id, with each spelling of its type."""


class Exporter(Component):
    """Takes telemetry out. One instance per signal, unless registered as shared."""

    @abstractmethod
    def consume(self, batch: Batch) -> None:
        """Take the batch into custody. Raises Retryable or Permanent."""


class Connector(Component):
    """Ends pipelines of one signal and begins pipelines of (maybe) another. One instance per pair of signals."""

    outputs: Mapping[ComponentID, Consumer]
    """Set by the graph before `start`: the pipelines it begins, by pipeline id."""
    next: Consumer
    """Set by the graph before `start`: all of `outputs` at once."""

    @abstractmethod
    def consume(self, batch: Batch) -> None:
        """Take the batch into custody. Raises Retryable or Permanent."""


class Extension(Component):
    """Serves the process, not the data. `notify_ready` and `notify_stopping` frame the time data flows."""

    works_alone: ClassVar[bool] = False
    """Whether a service makes sense that has it and no pipeline."""

    def notify_ready(self) -> None:
        """All pipelines have started."""

    def notify_stopping(self) -> None:
        """Pipelines are about to stop."""
