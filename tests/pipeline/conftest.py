"""A small world of components, registered for one test only, that write down what happens to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from otelier.component import (
    FORWARDS,
    Config,
    Connector,
    Custody,
    CustodyKind,
    Exporter,
    Extension,
    Processor,
    Receiver,
    StartError,
    connector,
    exporter,
    extension,
    processor,
    receiver,
)
from otelier.config import load
from otelier.pipeline.graph import Graph, build
from otelier.pipeline.interpret import interpret
from otelier.pipeline.plan import Plan
from otelier.telemetry import SIGNALS, Batch
from otelier.testing import FakeClock, MemoryExporter, private_registry


class Nothing(Config):
    pass


class Failing(Config):
    fail: str = ""


class Size(Config):
    size: int = 1


@dataclass
class World:
    events: list[str] = field(default_factory=list)
    """`start exporter out`, `stop processor keep/2`, in order."""
    made: list[object] = field(default_factory=list)
    """Every component, in order of making."""
    out: MemoryExporter = field(default_factory=MemoryExporter)
    """What all exporters got."""

    def plan(self, text: str) -> Plan:
        problems = []
        document = load([f"yaml:{text}"], problems=problems)
        return interpret(document, problems)

    def graph(self, text: str) -> Graph:
        return build(self.plan(text), FakeClock())

    def all(self, kind: type) -> list:
        return [each for each in self.made if isinstance(each, kind)]

    def one(self, id_: str):
        (found,) = [each for each in self.made if str(each.ctx.id) == id_]
        return found


def lifecycle(world: World, kind: str):
    """A mixin that writes down making, start and stop."""

    class Recorded:
        def setup(self):
            world.made.append(self)
            if getattr(self.cfg, "fail", "") == "setup":
                raise ValueError("no such thing")

        def start(self):
            world.events.append(f"start {kind} {self.ctx.id}")
            if getattr(self.cfg, "fail", "") == "start":
                raise StartError("no luck")

        def prepare_stop(self, deadline):
            self.told = (deadline, list(world.events))
            if getattr(self.cfg, "fail", "") == "prepare_stop":
                raise RuntimeError("what?")

        def stop(self, deadline):
            world.events.append(f"stop {kind} {self.ctx.id}")
            self.deadline = deadline
            if getattr(self.cfg, "fail", "") == "stop":
                raise RuntimeError("stuck")

    return Recorded


def register(world: World) -> None:
    @receiver("in", signals=SIGNALS, stability="development", aliases=("in_put",))
    class In(lifecycle(world, "receiver"), Receiver):
        cfg: Failing

    @receiver("traces_in", signals={"traces"}, stability="development")
    class TracesIn(lifecycle(world, "receiver"), Receiver):
        cfg: Nothing

    @processor("keep", signals=SIGNALS, stability="development")
    class Keep(lifecycle(world, "processor"), Processor):
        cfg: Failing

    @processor("wait", signals=SIGNALS, stability="development")
    class Wait(lifecycle(world, "processor"), Processor):
        cfg: Size

        def custody(self):
            return Custody(CustodyKind.BUFFERS, f"up to {self.cfg.size} items")

    @processor("old", signals=SIGNALS, stability="removed upstream", replaced_by="use `keep` instead")
    class Old(lifecycle(world, "processor"), Processor):
        cfg: Nothing

    @exporter("out", signals=SIGNALS, stability="development", aliases=("out_put",))
    class Out(lifecycle(world, "exporter"), Exporter):
        cfg: Failing

        def consume(self, batch: Batch) -> None:
            world.out.consume(batch)

        def custody(self):
            return Custody(CustodyKind.STORES)

    @exporter("direct", signals=SIGNALS, stability="development", shared=True)
    class Direct(lifecycle(world, "exporter"), Exporter):
        cfg: Nothing

        def consume(self, batch: Batch) -> None:
            world.out.consume(batch)

        def custody(self):
            return FORWARDS

    @connector(
        "link", pairs={(signal, signal) for signal in SIGNALS} | {("traces", "metrics")}, stability="development"
    )
    class Link(lifecycle(world, "connector"), Connector):
        cfg: Nothing

        def consume(self, batch: Batch) -> None:
            self.next.consume(batch)

    @extension("ext", stability="development", aliases=("ext_ra",))
    class Ext(lifecycle(world, "extension"), Extension):
        cfg: Failing

        def notify_ready(self):
            world.events.append("ready")

        def notify_stopping(self):
            world.events.append("stopping")


@pytest.fixture
def world() -> Iterator[World]:
    with private_registry(empty=True):
        made = World()
        register(made)
        yield made
