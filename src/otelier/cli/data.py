"""`otelier data`: look at a data directory, check it, delete from it, copy it, import into it."""

import math
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from ..component import Duration, SystemClock
from ..storage.directory import DEFAULT_TENANT, check_tenant
from .data_imports import import_openmetrics, import_prometheus
from .data_verify import verify
from .directory import directory_option
from .output import json_option, print_json

_DAY_H = 24


def _age(text: str) -> Duration:
    """A duration in which days may be given, too: `7d`, `36h`."""
    days = text.removesuffix("d")
    try:
        age = Duration.parse(f"{float(days) * _DAY_H}h" if days != text else text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a time such as 7d or 36h") from error
    if not 0 <= age < math.inf:
        raise click.BadParameter(f"{text!r} is not a time that has passed")
    return age


def _size(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    """Bytes: `5000000`, `500MB`, `20GiB`."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?(?:([kMGT]?)(i?)B)?", text.strip())
    size = round(float(found[1]) * (1024 if found[3] else 1000) ** " kMGT".index(found[2] or " ")) if found else 0
    if size < 1:
        raise click.BadParameter(f"{text!r} is no size such as 5000000, 500MB or 20GiB")
    return size


@click.group()
def command() -> None:
    """Look at a data directory, check it, delete from it, copy it, import into it."""


command.add_command(import_openmetrics)
command.add_command(import_prometheus)
command.add_command(verify)


@command.command()
@directory_option()
@json_option
def info(data_dir: Path, as_json: bool) -> None:
    """Say what it holds in segments and in the log, per tenant and signal; also while Otelier runs."""
    from ..storage.segmented.lock import holder
    from ..storage.stores import contents, doubts

    for wrong in doubts(data_dir):
        click.echo(f"the manifest can't be relied on ({wrong}); the next start makes it anew", err=True)
    found, pid = contents(data_dir), holder(data_dir)
    rows = [
        {
            "tenant": each.tenant,
            "signal": each.signal,
            "items": each.items,
            "unflushed_items": each.unflushed_items,
            "segments": each.segments,
            "bytes": each.bytes,
            "bytes_per_item": round(each.bytes / each.items, 1) if each.items else 0.0,
            "from": _moment(each.min_start_ns) if each.segments else "",
            "to": _moment(each.max_start_ns) if each.segments else "",
        }
        for each in found.holdings
    ]
    if as_json:
        print_json(
            {
                "data_dir": str(data_dir),
                "in_use_by": pid,
                "unflushed_bytes": found.unflushed_bytes,
                "holdings": rows,
            }
        )
        return
    used = "not in use" if pid is None else f"in use by pid {pid}"
    click.echo(f"{data_dir} ({used}), {found.unflushed_bytes:,} bytes of log not in segments yet")
    _print_table(rows)


@command.command()
@directory_option()
@click.option("--older-than", type=_age, metavar="AGE", help="What arrived longer ago: 7d, 36h; 0s for all.")
@click.option("--max-bytes", callback=_size, metavar="SIZE", help="The oldest, until the rest is no larger: 20GiB.")
@click.option("--tenant", help="Only of this tenant.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def prune(
    data_dir: Path, older_than: Duration | None, max_bytes: int | None, tenant: str | None, dry_run: bool
) -> None:
    """Delete segments by age or size; only while no Otelier uses the directory.

    What is in the log alone is written into segments first.
    """
    if older_than is None and max_bytes is None:
        raise click.UsageError("say what to delete: --older-than or --max-bytes")
    from ..storage.prune import prune as delete
    from ..storage.stores import present

    present(data_dir)
    gone = delete(data_dir, SystemClock(), older_than_s=older_than, max_bytes=max_bytes, tenant=tenant, dry_run=dry_run)
    for path, segment, items in gone:
        click.echo(f"{path}: {items} items, {segment.bytes:,} bytes")
    said = "would be deleted" if dry_run else "deleted"
    rows, size = sum(items for *_, items in gone), sum(segment.bytes for _, segment, _ in gone)
    click.echo(f"{len(gone)} segments, {rows:,} items, {size:,} bytes {said}", err=True)


@command.command("delete-trace")
@directory_option()
@click.argument("trace_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose traces.")
@click.option("--logs", is_flag=True, help="Their log records, too.")
def delete_trace(data_dir: Path, trace_ids: tuple[str, ...], tenant: str, logs: bool) -> None:
    """Delete traces by ID; also while Otelier runs, which does it then.

    They are gone from every answer at once, and from the disk within a minute. Spans that come later are kept.
    """
    from ..storage.local.erase import erase
    from ..storage.stores import present

    ids = [_trace_id(each) for each in trace_ids]
    present(data_dir)
    gone = erase(data_dir, SystemClock(), _tenant(tenant), ids, logs=logs)
    records = f" and {gone.records:,} log records" if logs else ""
    click.echo(f"{gone.spans:,} spans{records} deleted", err=True)


def _trace_id(text: str) -> bytes:
    from ..api.jaeger.trace_id import BadTraceId, parse

    try:
        return parse(text)
    except BadTraceId as error:
        raise click.BadParameter(f"{text!r} is no trace id: {error}; give its 32 hexadecimal digits") from error


def _tenant(name: str) -> str:
    try:
        return check_tenant(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@command.command()
@directory_option()
@click.argument("directory", type=click.Path(path_type=Path))
def backup(data_dir: Path, directory: Path) -> None:
    """Copy it to a new DIRECTORY, as it is at one moment; also while Otelier runs. The copy is a data directory.

    Segments are hard links where the file system can.
    """
    from ..storage.stores import backup as copy
    from ..storage.stores import contents

    copy(data_dir, directory)
    holdings = contents(directory).holdings
    segments, items = sum(each.segments for each in holdings), sum(each.items for each in holdings)
    logged = sum(each.unflushed_items for each in holdings)
    said = f"{segments} segments with {items:,} items, and the log with {logged:,} items"
    click.echo(f"{said}, are in {directory}", err=True)


def _moment(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    headings = ("tenant", "signal", "items", "in the log", "segments", "bytes", "bytes/item", "from (UTC)", "to (UTC)")
    for at, heading in enumerate(headings):
        table.add_column(heading, justify="right" if at in range(2, 7) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int | float) else value for value in row.values()))
    Console().print(table)
