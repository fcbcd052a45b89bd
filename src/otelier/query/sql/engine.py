"""SQL over one store: text in, rows out. Knows no HTTP."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..gate import Gate
from ..metrics import Metrics
from ..snapshot import Snapshot
from . import samples
from .limits import Limits
from .narrowing import Window
from .process import Form, Process, nobody_leaves
from .read import OF_SNAPSHOT, Table, Wanted

_DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement says, in its order."""

    columns: Sequence[str]
    """Names; two may be the same."""
    types: Sequence[str]
    """DuckDB's names of the columns' types."""
    rows: Sequence[Sequence[Any]] = ()
    """Numbers, texts, booleans, None, lists and dicts; times are ISO 8601 texts in UTC. None if Arrow was asked for."""
    arrow: bytes = b""
    """An IPC stream, if that was asked for."""
    looked: int = 0
    """Spans, log records and samples that were looked at for it."""
    bytes: int = 0
    """Of files that were read for it."""
    warnings: Sequence[str] = field(default=())
    """What makes it less than it could be: damaged segments."""


class Sql:
    """Answers statements; used from several threads."""

    def __init__(self, snapshot: Snapshot, metrics: Metrics, gate: Gate, limits: Limits = _DEFAULT) -> None:
        self._snapshot = snapshot
        self._metrics = metrics
        self._gate = gate
        self._limits = limits

    def query(
        self,
        tenant: str,
        text: str,
        *,
        start_ns: int = 0,
        end_ns: int = 0,
        form: Form = "rows",
        abandoned: Callable[[], bool] = nobody_leaves,
    ) -> Result:
        """Over spans that start, and records and samples whose time lies, in [start_ns, end_ns]; `end_ns` 0: no end.

        Events and links are those of such spans. `abandoned` is asked now and then whether somebody still waits. Raises
        BadQuery, TooLarge, Busy, StoreUnreadable, Abandoned.
        """
        window = Window.of(start_ns, end_ns)
        with self._gate.one(), Process(self._limits, abandoned) as process:
            columns, where = process.check(text, form)
            wanted = {name: Wanted(each, where.get(name), window) for name, each in columns.items()}
            tables = self._tables(tenant, wanted)
            answer = process.run({name: asdict(table) for name, table in tables.items()})
        return Result(
            answer["columns"],
            answer["types"],
            answer.get("rows", ()),
            answer.get("arrow", b""),
            sum(each.looked for each in tables.values()),
            sum(each.bytes for each in tables.values()),
            self._warnings(tables),
        )

    def _tables(self, tenant: str, wanted: Mapping[str, Wanted]) -> dict[str, Table]:
        limits, found = self._limits, dict[str, Table]()
        of_snapshot = {name: each for name, each in wanted.items() if name in OF_SNAPSHOT}

        def read(view: Any, _: object) -> dict[str, Table]:
            return {name: OF_SNAPSHOT[name](view, tenant, each, limits) for name, each in of_snapshot.items()}

        if of_snapshot:
            found |= self._snapshot.read(read)
        if of_metrics := wanted.get("metrics"):
            empty = samples.none(of_metrics)
            found["metrics"] = self._metrics.ask(lambda view: samples.metrics(view, tenant, of_metrics, limits), empty)
        return found

    def _warnings(self, tables: Mapping[str, Table]) -> Sequence[str]:
        damaged = self._snapshot.left_out() if tables.keys() & OF_SNAPSHOT.keys() else []
        warnings = [f"the answer is made without a damaged segment: {each}" for each in damaged]
        return [*warnings, *(self._metrics.warnings(()) if "metrics" in tables else ())]
