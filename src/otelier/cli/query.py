"""`otelier query`: one SELECT over a data directory."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..storage.local import default_data_directory
from .directory import DataDirectory, or_in_front
from .tail import harmless

if TYPE_CHECKING:
    from ..query.sql.engine import Result


@click.command()
@click.argument("text", metavar="SQL")
@click.option(
    "--data-dir",
    envvar="OTELIER_DATA_DIR",
    type=DataDirectory(),
    callback=or_in_front,
    default=default_data_directory,
    show_default="otelier under the user's data home",
    help="The directory; nothing in it is changed.",
)
@click.option("--tenant", default="default", help="Whose telemetry.")
@click.option("--since", metavar="AGE", help="Only spans and log records of this last time: 1h, 30m.")
@click.option("--from", "from_", metavar="TIME", help="Only from this time on: 2026-08-01T12:00:00Z.")
@click.option("--to", metavar="TIME", help="Only up to this time.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), help="Default: table; in a pipe csv.")
def command(
    text: str, data_dir: Path, tenant: str, since: str | None, from_: str | None, to: str | None, form: str | None
) -> None:
    """Ask by SQL: one SELECT over the views spans and logs.

    \b
    otelier query "SELECT service, count(*) FROM spans GROUP BY ALL" --since 1h
    otelier query 'SELECT "span.http.route", max(duration_ns) FROM spans GROUP BY 1'
    """
    import sys

    from .. import open as open_directory
    from ..query.errors import BadQuery, StoreUnreadable, TooLarge
    from ..query.sql.formats import as_csv, as_json

    start_ns, end_ns = _window(since, from_, to)
    try:
        with open_directory(data_dir, tenant=tenant) as opened:
            result = opened.sql(text, start_ns=start_ns, end_ns=end_ns)
    except (BadQuery, TooLarge, StoreUnreadable, OSError) as error:
        raise click.ClickException(str(error)) from error
    form = form or ("table" if sys.stdout.isatty() else "csv")
    if form == "table":
        _print_table(result)
    else:
        click.echo(as_csv(result) if form == "csv" else as_json(result).decode() + "\n", nl=False)


def _window(since: str | None, from_: str | None, to: str | None) -> tuple[int, int]:
    from ..api.literals import duration, moment
    from ..component import SystemClock

    if since and from_:
        raise click.UsageError("--since and --from both say where to begin; give one of them")
    option = "--since"
    try:
        start_ns = SystemClock().time_ns() - duration(since) if since else 0
        option = "--from"
        start_ns = moment(from_) if from_ else start_ns
        option = "--to"
        return start_ns, moment(to) if to else 0
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _print_table(result: "Result") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name, values in zip(result.columns, zip(*result.rows, strict=True) if result.rows else (), strict=False):
        numbers = all(isinstance(value, int | float) or value is None for value in values)
        table.add_column(Text(harmless(name)), justify="right" if numbers else "left", overflow="fold")
    for row in result.rows:
        table.add_row(*(Text(harmless(_shown(value))) for value in row))
    if result.rows:
        Console().print(table)
    click.echo(f"{len(result.rows):,} row{'' if len(result.rows) == 1 else 's'}", err=True)


def _shown(value: Any) -> str:
    import json

    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
