"""`otelier data import-prometheus` and `import-openmetrics`: history of metrics, also while Otelier runs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click

from ..component import StartError, SystemClock
from ..storage.directory import DEFAULT_TENANT, METRICS, check_tenant
from .directory import directory_option

if TYPE_CHECKING:
    from ..storage.metrics.importing import Imported

_DAY_S = 86_400
_tenant = click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose they will be.")


@click.command("import-prometheus")
@directory_option()
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@_tenant
@click.option("--again", is_flag=True, help="Blocks that were imported before, too; a sample still counts once.")
def import_prometheus(data_dir: Path, directory: Path, tenant: str, again: bool) -> None:
    """Import a Prometheus data directory or snapshot DIR, blocks and log; also while Otelier, or Prometheus, runs.

    What is deleted there stays deleted. What is damaged is named and left out; then the command ends with 1.
    """
    from ..storage.metrics.importing import Imported as Total
    from ..storage.metrics.importing import session
    from ..storage.metrics.prometheus import find, import_blocks, import_head

    _check(tenant)
    clock, found = SystemClock(), find(directory)
    for what in found.unreadable:
        click.echo(what, err=True)
    total, faults = Total(), len(found.unreadable)

    def say(what: str, imported: Total, left_out: Sequence[str], count: int) -> None:
        nonlocal faults
        click.echo(f"{what}: {_said(imported)}")
        for each in left_out:
            click.echo(f"  left out: {each}", err=True)
        if count > len(left_out):
            click.echo(f"  … and {count - len(left_out)} more", err=True)
        total.join(imported)
        faults += count

    with session(data_dir, clock) as one:
        for outcome in import_blocks(one, found, tenant, again=again):
            meta = outcome.meta
            span = f"{meta.ulid} ({_moment(meta.min_time)} to {_moment(meta.max_time)})"
            if outcome.imported is None:
                click.echo(f"{span}: imported before")
            else:
                say(span, outcome.imported, outcome.faults, outcome.fault_count)
        if found.has_head:
            head = import_head(one, found, tenant)
            say("write-ahead log", head.imported, head.faults, head.fault_count)
    click.echo(f"{_said(total)} imported into {data_dir / METRICS}", err=True)
    _warn_of_retention(total, clock.time_ns() // 10**6)
    raise SystemExit(1 if faults or total.expired else 0)


def _check(tenant: str) -> None:
    try:
        check_tenant(tenant)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _said(imported: "Imported") -> str:
    natives = f" and {imported.histograms:,} native histograms" if imported.histograms else ""
    return f"{imported.samples:,} samples{natives} in {imported.segments} segments, {imported.bytes:,} bytes"


def _warn_of_retention(imported: "Imported", now_ms: int) -> None:
    """What retention deletes, or will where nobody has set it."""
    from ..storage.metrics.importing import DEFAULT_MAX_AGE

    if imported.expired:
        click.echo(
            f"{imported.expired} segments were left out: retention would delete them at once, since it keeps "
            f"{imported.max_age_s / _DAY_S:g} days. Set metrics::retention::max_age of the exporter otelier higher (0 "
            "keeps everything; --storage.tsdb.retention.time of otelier prometheus), start again, and import again.",
            err=True,
        )
    elif imported.oldest_ms is not None and now_ms - imported.oldest_ms > DEFAULT_MAX_AGE * 1000:
        click.echo(
            f"note: the oldest is {(now_ms - imported.oldest_ms) / _DAY_S / 1000:.0f} days old. Retention deletes what "
            f"is older than metrics::retention::max_age of the exporter otelier ({DEFAULT_MAX_AGE / _DAY_S:g} days "
            "unless it is set; 0 keeps everything), at the next start.",
            err=True,
        )


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


@click.command("import-openmetrics")
@directory_option()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@_tenant
def import_openmetrics(data_dir: Path, file: Path, tenant: str) -> None:
    """Import samples with timestamps from FILE in OpenMetrics text; - reads standard input. Also while Otelier runs."""
    from ..storage.metrics.importing import session
    from ..storage.metrics.openmetrics import import_text

    _check(tenant)
    clock = SystemClock()
    with session(data_dir, clock) as one:
        try:
            with click.open_file(str(file), "rb") as opened:
                imported = import_text(one, cast("BinaryIO", opened), tenant)
        except OSError as error:
            raise StartError(f"{file}: {error.strerror if error.filename == str(file) else error}") from error
        except ValueError as error:
            raise StartError(f"{file}: {error}") from error
    click.echo(f"{_said(imported)} imported into {data_dir / METRICS}", err=True)
    _warn_of_retention(imported, clock.time_ns() // 10**6)
    raise SystemExit(1 if imported.expired else 0)
