"""SQL over one store: text in, rows out. Knows no HTTP."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..gate import Gate
from ..snapshot import Snapshot
from . import read
from .limits import Limits
from .process import Process

_DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Result:
    """Rows in the order of the statement."""

    columns: Sequence[str]
    """Names; two may be the same."""
    types: Sequence[str]
    """DuckDB's names of the columns' types."""
    rows: Sequence[Sequence[Any]]
    """Numbers, texts, booleans, None, lists and dicts; times are ISO 8601 texts in UTC."""

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Rows by the names of their columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


class Sql:
    """Answers statements; used from several threads."""

    def __init__(self, snapshot: Snapshot, gate: Gate, limits: Limits = _DEFAULT) -> None:
        self._snapshot = snapshot
        self._gate = gate
        self._limits = limits

    def query(self, tenant: str, text: str, *, start_ns: int = 0, end_ns: int = 0) -> Result:
        """Over spans that start, and log records whose time lies, in [start_ns, end_ns]; `end_ns` 0: no end.

        Raises BadQuery, TooLarge, Busy, StoreUnreadable.
        """
        window, limits = read.Window(start_ns, end_ns), self._limits
        with self._gate.one(), Process(limits) as process:
            wanted = process.check(text)

            def tables(view: Any, _: object) -> dict[str, read.Table]:
                readers = {"spans": read.spans, "logs": read.logs}
                return {name: readers[name](view, tenant, columns, window, limits) for name, columns in wanted.items()}

            answer = process.run(self._snapshot.read(tables) if wanted else {})
        return Result(answer["columns"], answer["types"], answer["rows"])
