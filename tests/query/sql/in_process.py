"""A statement answered within this process: all that the engine does but the process of its own."""

from dataclasses import asdict
from typing import Any

from otelier.query.metrics import Metrics
from otelier.query.snapshot import Snapshot
from otelier.query.sql import samples
from otelier.query.sql.answer import as_rows
from otelier.query.sql.check import Checked, check
from otelier.query.sql.child import locked, register
from otelier.query.sql.limits import Limits
from otelier.query.sql.narrowing import Window
from otelier.query.sql.read import OF_SNAPSHOT, Table, Wanted


class Answered:
    """Rows, and how many of each view were handed to DuckDB for them."""

    def __init__(self, rows: list[list[Any]], tables: dict[str, Table], checked: Checked) -> None:
        self.rows = rows
        self.tables = tables
        self.where = checked.where

    def read(self, view: str) -> int:
        return self.tables[view].rows


def answered(
    snapshot: Snapshot | None,
    metrics: Metrics | None,
    tenant: str,
    text: str,
    *,
    narrow: bool = True,
    window: Window = Window.of(0, 0),  # noqa: B008 - immutable
) -> Answered:
    """`narrow`: read only what the conditions leave."""
    connection = locked(256, 1)
    checked = check(connection, text)
    tables: dict[str, Table] = {}
    for name, columns in checked.views.items():
        wanted = Wanted(columns, checked.where.get(name) if narrow else None, window)
        if name == "metrics":
            assert metrics
            tables[name] = metrics.ask(
                lambda view, wanted=wanted: samples.metrics(view, tenant, wanted, Limits()), samples.none(wanted)
            )
        else:
            assert snapshot
            tables[name] = snapshot.read(
                lambda view, _, name=name, wanted=wanted: OF_SNAPSHOT[name](view, tenant, wanted, Limits())
            )
        register(connection, name, asdict(tables[name]))
    return Answered(as_rows(connection, checked.text, 100_000)["rows"], tables, checked)
