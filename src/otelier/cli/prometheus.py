"""`otelier prometheus`: what `prometheus` is on its command line: scrape, store and answer at port 9090."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from ..component import ByteSize, PrometheusDuration
from ..config import load
from ..pipeline.interpret import interpret
from ..pipeline.run import run

_Command = TypeVar("_Command", bound=Callable[..., Any])
_ALWAYS = (
    "web.enable-remote-write-receiver",
    "web.enable-otlp-receiver",
    "web.enable-lifecycle",
    "web.enable-admin-api",
)
_IGNORED = (
    "enable-feature",
    "web.external-url",
    "web.console.templates",
    "web.console.libraries",
    "web.page-title",
    "web.max-connections",
    "query.max-concurrency",
    "log.format",
    "storage.tsdb.min-block-duration",
    "storage.tsdb.max-block-duration",
)
"""Taken, with a note that they do nothing."""
_NO_FLAG = "storage.tsdb.no-lockfile"


def _python(flag: str) -> str:
    return flag.replace(".", "_").replace("-", "_")


def _quietly(command: _Command) -> _Command:
    """Add the options that change nothing; the command gets them as `others`."""
    for name in (*_ALWAYS, _NO_FLAG):
        command = click.option(f"--{name}", _python(name), is_flag=True, help="Taken; it is always so.")(command)
    for name in _IGNORED:
        command = click.option(f"--{name}", _python(name), multiple=True, help="Taken and ignored.")(command)
    return command


class _Prometheus(click.Command):
    """Says which of Prometheus's flags there are if another is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # As in Go, one dash is as good as two.
        given = [
            f"-{word}" if word.startswith("-") and not word.startswith("--") and "." in word else word for word in args
        ]
        try:
            return super().parse_args(ctx, given)
        except click.NoSuchOption as error:
            names = sorted(option for each in self.params for option in each.opts)
            raise click.UsageError(
                f"{error.option_name} is no flag that Otelier takes in Prometheus's place. It takes: {' '.join(names)}",
                ctx,
            ) from None


@click.command(cls=_Prometheus)
@click.option("--config.file", "config_file", default="prometheus.yml", show_default=True, help="The configuration.")
@click.option(
    "--storage.tsdb.path",
    "path",
    default="data/",
    show_default=True,
    help="The data directory; in Otelier's own format.",
)
@click.option("--web.listen-address", "address", default="0.0.0.0:9090", show_default=True, help="Where the API is.")
@click.option(
    "--storage.tsdb.retention.time", "retention", default="15d", show_default=True, help="How long samples are kept."
)
@click.option(
    "--storage.tsdb.retention.size", "size", default="0B", help="Most bytes that are kept, such as 50GB; 0: no limit."
)
@click.option(
    "--query.lookback-delta", "lookback", default="5m", show_default=True, help="How old a current value may be."
)
@click.option("--query.timeout", "timeout", default="2m", show_default=True, help="Longest time of a query.")
@click.option("--query.max-samples", "most", default=50_000_000, show_default=True, help="Most samples of a query.")
@click.option(
    "--allowed-hosts",
    envvar="OTELIER_ALLOWED_HOSTS",
    metavar="NAMES",
    default="",
    help="Otelier's own: names by which clients reach this machine, with commas between: metrics.example.com,*.lan.",
)
@click.option("--log.level", "level", default="info", type=click.Choice(["debug", "info", "warn", "error"]))
@_quietly
def command(
    config_file: str,
    path: str,
    address: str,
    retention: str,
    size: str,
    lookback: str,
    timeout: str,
    most: int,
    allowed_hosts: str,
    level: str,
    **others: Any,
) -> None:
    """Scrape by a prometheus.yml, keep the samples, answer PromQL and Prometheus's API.

    Remote write, OTLP, /-/reload and deletions are taken without a flag.
    """
    ignored = [name for name in _IGNORED if others.get(_python(name))]
    if ignored:
        click.echo(f"note: without effect here: {' '.join('--' + name for name in ignored)}", err=True)
    if not Path(config_file).is_file():
        _fail("config.file", f"there is no file {config_file}")
    text = configuration(
        config_file=config_file,
        path=path,
        address=address,
        retention_s=_seconds("storage.tsdb.retention.time", retention),
        size=_size("storage.tsdb.retention.size", size),
        lookback_s=_seconds("query.lookback-delta", lookback),
        timeout_s=_seconds("query.timeout", timeout),
        most=most,
        allowed_hosts=allowed_hosts.replace(",", " ").split(),
        level=level,
    )
    run(lambda: interpret(load([f"yaml:{text}"])))


def configuration(
    *,
    config_file: str,
    path: str,
    address: str,
    retention_s: float,
    size: int,
    lookback_s: float,
    timeout_s: float,
    most: int,
    level: str,
    allowed_hosts: Sequence[str] = (),
) -> str:
    """The configuration that does it, as YAML (of the kind that is JSON, too)."""
    directory = _plain(Path(path))
    metrics = {"retention": {"max_age": f"{retention_s}s", "max_bytes": size}}
    query = {"endpoint": address, "lookback_delta": f"{lookback_s}s", "timeout": f"{timeout_s}s", "max_samples": most}
    asked = {"endpoint": "127.0.0.1:0", "data_dir": directory, "allowed_hosts": [*map(_literal, allowed_hosts)]}
    return json.dumps(
        {
            # A service needs a pipeline; this one is reached by nobody who isn't told its port.
            "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:0"}}}},
            "exporters": {"otelier": {"data_dir": directory, "metrics": metrics}},
            "extensions": {
                "otelier_prometheus": {"data_dir": directory, "config_file": _plain(Path(config_file))},
                "otelier_query": {**asked, "prometheus": query},
            },
            "service": {
                "extensions": ["otelier_prometheus", "otelier_query"],
                "telemetry": {"logs": {"level": level}, "metrics": {"level": "none"}},
                "pipelines": {"metrics": {"receivers": ["otlp"], "exporters": ["otelier"]}},
            },
        }
    )


def _plain(path: Path) -> str:
    return _literal(str(path.absolute()))


def _literal(text: str) -> str:
    # A dollar sign in it is no placeholder.
    return text.replace("$", "$$")


def _seconds(flag: str, text: str) -> float:
    try:
        return float(PrometheusDuration.parse(text))
    except ValueError as error:
        _fail(flag, str(error))


def _size(flag: str, text: str) -> int:
    try:
        return int(ByteSize.parse(text))
    except ValueError as error:
        _fail(flag, str(error))


def _fail(flag: str, why: str) -> NoReturn:
    raise click.BadParameter(why, param_hint=f"--{flag}")
