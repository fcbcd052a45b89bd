"""`otelier tail`: what arrives, as it arrives: logs and traces of a data directory or of a server."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .directory import directory_option, server_option, tenant_option

if TYPE_CHECKING:
    from ..query.tail import News, TailedLine, TailedTrace

_EVERY_S = 0.5
_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")
_COLOURS = {"trace": "bright_black", "debug": "bright_black", "info": "green", "warn": "yellow"}
_HIDDEN_LABELS = frozenset(
    {"detected_level", "severity_number", "severity_text", "observed_timestamp", "flags", "scope_name", "scope_version"}
)
"""They are shown otherwise, or say little; JSON has them."""


@click.command()
@directory_option("The directory to follow.")
@server_option("Follow a server instead, such as http://host:16686.")
@tenant_option()
@click.option("--service", "services", multiple=True, help="Only of this service; may be repeated.")
@click.option(
    "--severity", type=click.Choice(_LEVELS), help="Logs from this level on; from error on, traces with errors."
)
@click.option("--words", help="Logs whose line has these words, traces whose root's name has them.")
@click.option("--query", metavar="LOGQL", help="Logs by a query, instead of by the options above.")
@click.option("--logs/--no-logs", "with_logs", default=True, help="Whether logs are shown.")
@click.option("--traces/--no-traces", "with_traces", default=True, help="Whether traces are shown.")
@click.option("--since", default="0s", help="Begin with what is so old: 10m.")
@click.option("--follow/--no-follow", default=True, help="Go on, or end with what is there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    data_dir: Path,
    url: str | None,
    tenant: str,
    services: tuple[str, ...],
    severity: str | None,
    words: str | None,
    query: str | None,
    with_logs: bool,
    with_traces: bool,
    since: str,
    follow: bool,
    as_json: bool,
) -> None:
    """Show logs and traces as they arrive. Stop: Ctrl-C.

    \b
    otelier tail --service shop --severity warn
    otelier tail --words '결제 timeout' --since 1h --no-follow
    """
    import threading

    from ..component import SystemClock
    from ..query.errors import BadQuery, StoreUnreadable
    from ..query.logql.lex import duration_ns
    from ..query.tail import Tail
    from .tail_sources import Directory, Server, Wanted

    age_ns = duration_ns(since)
    if age_ns is None or age_ns < 0:
        raise click.BadParameter(f"{since!r} is not a time such as 10m", param_hint="--since")
    if not follow and not age_ns:
        raise click.UsageError("--no-follow ends with what is there; say how far back to look, such as --since 1h")
    if not url:
        _check_there(data_dir, follow)
    levels = _LEVELS[_LEVELS.index(severity) :] if severity else ()
    wanted = Wanted(tenant, services, levels, words or "", query or "")
    source = Server(url, wanted) if url else Directory(data_dir, wanted)
    clock, stop = SystemClock(), threading.Event()
    lines = source.lines if with_logs else None
    tail = Tail(clock.time_ns() - age_ns, lines, source.traces if with_traces and not query else None)
    try:
        while True:
            show(tail.look(clock.time_ns(), all_traces=not follow), as_json)
            if not follow:
                return
            clock.wait(stop, _EVERY_S)
    except BrokenPipeError:
        raise  # who reads has enough: nothing to tell
    except (BadQuery, StoreUnreadable, OSError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        return


def _check_there(directory: Path, follow: bool) -> None:
    """Otelier may be started later than its tail."""
    from ..storage.contract import DataDirectoryError
    from ..storage.stores import present

    try:
        present(directory)
    except DataDirectoryError as error:
        if not follow:
            raise click.ClickException(str(error)) from error
        click.echo(f"{error}; waiting for one", err=True)


def show(news: "News", as_json: bool) -> None:
    """Lines and traces in the order of time."""
    if news.more:
        click.echo("… there is more than can be shown; older lines and traces are left out", err=True)
    both: list[tuple[int, TailedLine | TailedTrace]] = [
        *((line.time_ns, line) for line in news.lines),
        *((trace.start_ns, trace) for trace in news.traces),
    ]
    for _, each in sorted(both, key=_time):
        if as_json:
            click.echo(json.dumps(_as_json(each), ensure_ascii=False))
        else:
            click.echo(" ".join(part for part in _parts(each) if part))


def _time(item: tuple[int, object]) -> int:
    return item[0]


def _parts(each: "TailedLine | TailedTrace") -> Iterable[str]:
    from ..query.tail import TailedLine

    if isinstance(each, TailedLine):
        yield _clock(each.time_ns)
        yield click.style(
            f"{each.level.upper():<5}", fg=_COLOURS.get(each.level, "red" if each.level != "unknown" else None)
        )
        yield click.style(harmless(each.service), bold=True)
        yield harmless(each.line)
        labels = " ".join(_label(*label) for label in each.labels if label[0] not in _HIDDEN_LABELS)
        yield labels and click.style(labels, dim=True)
        return
    yield _clock(each.start_ns)
    yield click.style("TRACE", fg="red" if each.errors else "cyan")
    yield click.style(harmless(each.service), bold=True)
    yield harmless(each.name) or "(no root yet)"
    errors = f", {each.errors} with errors" if each.errors else ""
    yield f"{_length(each.end_ns - each.start_ns)}, {each.spans} span{'' if each.spans == 1 else 's'}{errors}"
    yield click.style(each.trace_id, dim=True)


def _label(name: str, text: str) -> str:
    shown = harmless(text)
    if shown and " " not in shown:
        return f"{name}={shown}"
    quoted = shown.replace('"', r"\"")
    return f'{name}="{quoted}"'


def harmless(text: str) -> str:
    """What a sender wrote must not steer the terminal: control characters are shown as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _clock(time_ns: int) -> str:
    from datetime import datetime

    moment = datetime.fromtimestamp(time_ns // 10**9).astimezone()
    return f"{moment:%H:%M:%S}.{time_ns // 10**6 % 1000:03}"


def _length(ns: int) -> str:
    for unit, size in (("s", 10**9), ("ms", 10**6), ("µs", 10**3)):
        if ns >= size:
            return f"{ns / size:.3g} {unit}"
    return f"{max(ns, 0)} ns"


def _as_json(each: "TailedLine | TailedTrace") -> dict[str, Any]:
    from ..query.tail import TailedLine

    fields = each._asdict()
    return (
        {"kind": "log", **fields, "labels": dict(each.labels)}
        if isinstance(each, TailedLine)
        else {"kind": "trace", **fields}
    )
