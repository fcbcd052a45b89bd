"""Registration by decorator: type, aliases, stability and signals of each component are data here.

    @processor("batch", signals={"traces", "metrics", "logs"}, stability="beta")
    class Batch_(Processor):
        cfg: BatchConfig

The configuration struct is read from the annotation of `cfg`, the promise from the module's docstring.
"""

import importlib
import pkgutil
import sys
import typing
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias, TypeVar

from ..telemetry import SIGNALS, Signal
from .config import Config
from .contracts import Component

Stability: TypeAlias = Literal["stable", "beta", "alpha", "development", "deprecated", "removed upstream"]


class Kind(StrEnum):
    """The five kinds of components."""

    RECEIVER = "receiver"
    PROCESSOR = "processor"
    CONNECTOR = "connector"
    EXPORTER = "exporter"
    EXTENSION = "extension"

    @property
    def section(self) -> str:
        """The configuration's top-level key and the package's folder."""
        return self.value + "s"


_ComponentClass: TypeAlias = type[Component]  # inside Registration, `type` is a field
_ConfigClass: TypeAlias = type[Config]
_C = TypeVar("_C", bound=Component)


@dataclass(frozen=True, slots=True)
class Registration:
    """One component type, as data."""

    kind: Kind
    type: str
    component: _ComponentClass
    config: _ConfigClass
    stability: Stability
    signals: frozenset[Signal]
    pairs: frozenset[tuple[Signal, Signal]]
    """Connectors: (signal of the pipelines it ends, signal of those it begins)."""
    aliases: tuple[str, ...]
    shared: bool
    """One instance per id instead of one per id and signal."""
    replaced_by: str
    """What to use instead, where this runs only for old configurations: printed as a warning."""

    @property
    def promise(self) -> str:
        """The first line of the module's docstring."""
        doc = sys.modules[self.component.__module__].__doc__ or ""
        return doc.strip().splitlines()[0].split(": ", 1)[-1] if doc.strip() else ""


_BY_NAME: dict[tuple[Kind, str], Registration] = {}


def receiver(
    type_: str, *, signals: Iterable[Signal], stability: Stability, aliases: tuple[str, ...] = (), replaced_by: str = ""
) -> Callable[[type[_C]], type[_C]]:
    """Register a receiver; one instance serves all its signals."""
    return _register(Kind.RECEIVER, type_, signals, stability, aliases, shared=True, replaced_by=replaced_by)


def processor(
    type_: str, *, signals: Iterable[Signal], stability: Stability, aliases: tuple[str, ...] = (), replaced_by: str = ""
) -> Callable[[type[_C]], type[_C]]:
    """Register a processor."""
    return _register(Kind.PROCESSOR, type_, signals, stability, aliases, replaced_by=replaced_by)


def exporter(
    type_: str,
    *,
    signals: Iterable[Signal],
    stability: Stability,
    aliases: tuple[str, ...] = (),
    shared: bool = False,
    replaced_by: str = "",
) -> Callable[[type[_C]], type[_C]]:
    """Register an exporter; `shared`: one instance for all signals."""
    return _register(Kind.EXPORTER, type_, signals, stability, aliases, shared=shared, replaced_by=replaced_by)


def connector(
    type_: str, *, pairs: Iterable[tuple[Signal, Signal]], stability: Stability, aliases: tuple[str, ...] = ()
) -> Callable[[type[_C]], type[_C]]:
    """Register a connector for pairs of (signal it ends, signal it begins)."""
    return _register(Kind.CONNECTOR, type_, (), stability, aliases, pairs=pairs)


def extension(
    type_: str, *, stability: Stability, aliases: tuple[str, ...] = (), replaced_by: str = ""
) -> Callable[[type[_C]], type[_C]]:
    """Register an extension."""
    return _register(Kind.EXTENSION, type_, (), stability, aliases, shared=True, replaced_by=replaced_by)


def find(kind: Kind, type_: str) -> Registration | None:
    """The component registered under this type or alias; None if there is none."""
    return _BY_NAME.get((kind, type_))


def registrations(kind: Kind | None = None) -> list[Registration]:
    """All registered types (aliases not repeated), by kind and type."""
    distinct = {(r.kind, r.type): r for r in _BY_NAME.values() if kind in (None, r.kind)}
    order = list(Kind)
    return sorted(distinct.values(), key=lambda r: (order.index(r.kind), r.type))


def load_components() -> None:
    """Import every module of the component folders, so that their decorators run."""
    root = __name__.rpartition(".")[0].rpartition(".")[0]
    for kind in Kind:
        package = importlib.import_module(f"{root}.{kind.section}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")


@contextmanager
def scope(*, empty: bool = False) -> Generator[None]:
    """Forget at the end what was registered inside; `empty` starts with nothing registered. For tests."""
    before = dict(_BY_NAME)
    if empty:
        _BY_NAME.clear()
    try:
        yield
    finally:
        _BY_NAME.clear()
        _BY_NAME.update(before)


def _register(
    kind: Kind,
    type_: str,
    signals: Iterable[Signal],
    stability: Stability,
    aliases: tuple[str, ...],
    *,
    pairs: Iterable[tuple[Signal, Signal]] = (),
    shared: bool = False,
    replaced_by: str = "",
) -> Callable[[type[_C]], type[_C]]:
    wanted = frozenset(signals)
    if unknown := wanted - set(SIGNALS):
        raise TypeError(f"{type_}: unknown signals {sorted(unknown)}")

    def add(component: type[_C]) -> type[_C]:
        config = typing.get_type_hints(component)["cfg"]
        entry = Registration(
            kind, type_, component, config, stability, wanted, frozenset(pairs), aliases, shared, replaced_by
        )
        for name in (type_, *aliases):
            if (kind, name) in _BY_NAME:
                raise TypeError(f"{kind} {name} is registered twice")
            _BY_NAME[kind, name] = entry
        return component

    return add
