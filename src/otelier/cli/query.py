"""`otelier query`: one SELECT over a data directory, or over what a server keeps."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .directory import directory_option, server_option, tenant_option
from .tail import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.table import Table

    from ..query.results.stream import Stream

_LEAST_WIDTH = 14
"""Of a column on the average; where there is less for each, rows are shown one below the other."""


@click.command()
@click.argument("text", metavar="SQL")
@directory_option("The directory; nothing in it is changed.")
@tenant_option()
@server_option("Ask a running server instead: http://127.0.0.1:16686.")
@click.option("--since", metavar="AGE", help="Only what is not older: 30m, 1h, 7d.")
@click.option("--from", "from_", metavar="TIME", help="Only from this time on: 2026-08-01T12:00:00Z.")
@click.option("--to", metavar="TIME", help="Only up to this time.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "arrow", "parquet"]),
    help="Default: table; in a pipe csv; else what the name of the output says.",
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="Write the answer to this file.")
def command(
    text: str,
    data_dir: Path,
    tenant: str,
    url: str | None,
    since: str | None,
    from_: str | None,
    to: str | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Ask by SQL: one SELECT over the views spans, events, links, logs and metrics.

    \b
    otelier query "SELECT service, count(*) FROM spans GROUP BY ALL" --since 1h
    otelier query 'SELECT "span.http.route", max(duration_ns) FROM spans GROUP BY 1'
    otelier query "SELECT * FROM logs WHERE severity_number >= 17" -o errors.parquet
    """
    from .. import open as open_place
    from ..query.errors import BadQuery, Busy, StoreUnreadable, TooLarge

    start_ns, end_ns = _window(since, from_, to)
    form = _form(form, output)
    try:
        with open_place(url or data_dir, tenant=tenant) as opened:
            found = opened.sql(text, start_ns=start_ns, end_ns=end_ns)
        _write(found, form, output)
    except BrokenPipeError:
        raise  # who reads has enough: nothing to tell
    except (BadQuery, Busy, TooLarge, StoreUnreadable, LookupError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for warning in found.warnings:
        click.echo(warning, err=True)


def _form(form: str | None, output: Path | None) -> str:
    """Raises UsageError."""
    import sys

    if form is None and output:
        form = output.suffix.lstrip(".").lower()
        if form not in ("csv", "json", "arrow", "parquet"):
            raise click.UsageError(f"{output} does not say in which format; give --format")
    if form == "parquet" and not output:
        raise click.UsageError("Parquet goes to a file; give --output")
    if form == "arrow" and not output and sys.stdout.isatty():
        raise click.UsageError("Arrow is not for terminals; give --output, or a pipe")
    return form or ("table" if sys.stdout.isatty() else "csv")


def _write(found: "Stream", form: str, output: Path | None) -> None:
    from ..query.sql.formats import as_csv, as_json, write_parquet

    match form:
        case "table":
            _print_table(found)
            return
        case "parquet":
            assert output
            write_parquet(found.ipc, output)
            return
        case "arrow":
            answer = found.ipc
        case "csv":
            answer = as_csv(found.columns, found.rows()).encode()
        case _:
            answer = as_json(found.columns, found.types, found.rows()) + b"\n"
    if output:
        output.write_bytes(answer)
    else:
        click.echo(answer, nl=False)


def _window(since: str | None, from_: str | None, to: str | None) -> tuple[int, int]:
    from ..api.literals import moment
    from ..component import SystemClock
    from ..query.logql.lex import duration_ns

    if since and from_:
        raise click.UsageError("--since and --from both say where to begin; give one of them")
    age_ns = duration_ns(since) if since else 0
    if age_ns is None or age_ns < 0:
        raise click.BadParameter(f"{since!r} is not a time such as 1h or 7d", param_hint="--since")
    start_ns = SystemClock().time_ns() - age_ns if since else 0
    option = "--from"
    try:
        start_ns = moment(from_) if from_ else start_ns
        option = "--to"
        return start_ns, moment(to) if to else 0
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from error


def _print_table(result: "Stream") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console, table, rows = Console(), Table(box=None, pad_edge=False), result.rows()
    for name, values in zip(result.columns, zip(*rows, strict=True) if rows else (), strict=False):
        numbers = all(isinstance(value, int | float) or value is None for value in values)
        table.add_column(Text(harmless(name)), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(harmless(_shown(value))) for value in row))
    if rows and _is_crowded(table, console):
        _print_records(result.columns, rows, console)
    elif rows:
        console.print(table)
    click.echo(f"{len(rows):,} row{'' if len(rows) == 1 else 's'}", err=True)


def _is_crowded(table: "Table", console: "Console") -> bool:
    """Whether its columns would be so narrow that nobody could read them."""
    from rich.measure import Measurement

    wanted = Measurement.get(console, console.options.update(max_width=1 << 20), table).maximum
    return wanted > console.width < len(table.columns) * _LEAST_WIDTH


def _print_records(columns: "Sequence[str]", rows: "Sequence[Sequence[Any]]", console: "Console") -> None:
    """A line for each value that there is, a blank line between rows."""
    from rich.table import Table
    from rich.text import Text

    for number, row in enumerate(rows):
        record = Table(box=None, pad_edge=False, show_header=False)
        record.add_column(style="bold", no_wrap=True)
        record.add_column(overflow="fold")
        for name, value in zip(columns, row, strict=True):
            if value is not None:
                record.add_row(Text(harmless(name)), Text(harmless(_shown(value))))
        if number:
            console.print()
        console.print(record)


def _shown(value: Any) -> str:
    import json

    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
