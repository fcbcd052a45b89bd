"""The command `otelier`: one file per verb, imported when it is called, so that starting is fast.

Exit codes: 0, 1 (something failed while running), 2 (a configuration, the command line or the data directory that it
names is wrong).
"""

import importlib
from pathlib import Path
from typing import Any

import click

from .. import __version__
from .directory import DataDirectory, refuse_in_front

_VERBS = {
    "run": "Run a configuration.",
    "validate": "Check a configuration and say what it does.",
    "components": "List the components.",
    "print-config": "Print the effective configuration.",
    "data": "What is kept: look at it, check, delete, copy, import.",
    "tail": "Show logs and traces as they arrive.",
    "query": "Ask by SQL about spans, events, links, logs and metrics.",
    "rules": "Check rule files and run their tests.",
    "exec": "Run a program that sends its telemetry here.",
    "prometheus": "Be a Prometheus: scrape, store, answer, with its own flags.",
}


class _Verbs(click.Group):
    """Verbs are modules of this package: `print-config` is `print_config.command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        return importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_').replace('exec', 'exec_')}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        from ..component.errors import ConfigError, StartError

        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(str(error), err=True)
            ctx.exit(2)
        except StartError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(cls=_Verbs, invoke_without_command=True)
@click.version_option(__version__, prog_name="otelier", message="%(prog)s %(version)s")
@click.option(
    "--data-dir",
    envvar="OTELIER_DATA_DIR",
    type=DataDirectory(),
    show_default="otelier under the user's data home",
    help="Where telemetry is kept.",
)
@click.option("--print", "print_all", is_flag=True, help="Also print what arrives.")
@click.option(
    "--prometheus-config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A prometheus.yml: what to scrape into the store.",
)
@click.option(
    "--allowed-hosts",
    envvar="OTELIER_ALLOWED_HOSTS",
    metavar="NAMES",
    default="",
    help="Names by which browsers and clients reach this machine, with commas between: otelier.example.com,*.internal.",
)
@click.option(
    "--print-config", is_flag=True, help="Print the configuration instead of running it: a start for one of your own."
)
@click.pass_context
def main(
    ctx: click.Context,
    data_dir: Path | None,
    print_all: bool,
    prometheus_config: Path | None,
    allowed_hosts: str,
    print_config: bool,
) -> None:
    """OpenTelemetry backend. Without a command: all in one, on this machine's loopback addresses."""
    if ctx.invoked_subcommand is None:
        from ..storage.local import default_data_directory
        from .all_in_one import USUAL, configuration, serve

        where = data_dir or default_data_directory()
        hosts = allowed_hosts.replace(",", " ").split()
        options: dict[str, Any] = {
            "print_all": print_all, "prometheus_config": prometheus_config, "allowed_hosts": hosts,
        }  # fmt: skip
        if print_config:
            click.echo(configuration(USUAL, where, **options), nl=False)
        else:
            serve(where, **options)
    else:
        taken = ("data_dir",) if ctx.invoked_subcommand in ("data", "tail", "query") else ()
        refuse_in_front(ctx, ctx.invoked_subcommand, taken)
