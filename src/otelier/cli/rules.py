"""`otelier rules`: check rule files, and run their tests."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..component.errors import ConfigError
from .output import print_json

_FILE = click.Path(path_type=Path, dir_okay=False)
_json: Callable[[Any], Any] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def command() -> None:
    """Check rule files, and run their tests; both as promtool does."""


@command.command()
@click.argument("files", nargs=-1, type=_FILE, metavar="[FILE…]")
@click.option("--lint-fatal", is_flag=True, help="Rules that are written twice are an error, too (exit code 3).")
@_json
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], lint_fatal: bool, as_json: bool) -> None:
    """Say whether rule files, or standard input, can be read: every problem as file:line:column."""
    from ..rules.files import duplicates, read_files, read_rules

    code = 0
    found: list[dict[str, Any]] = []
    for path in files or (None,):
        name = str(path) if path else "standard input"
        entry: dict[str, Any] = {"file": name, "rules": 0, "problems": [], "duplicates": []}
        try:
            groups = read_files([path]) if path else read_rules(sys.stdin.buffer.read(), name)
            entry["rules"] = sum(len(each.rules) for each in groups)
            entry["duplicates"] = duplicates(groups)
            code = code or (3 if lint_fatal and entry["duplicates"] else 0)
        except ConfigError as error:
            entry["problems"] = list(map(str, error.problems))
            code = 1
        found.append(entry)
    if as_json:
        print_json(found)
    else:
        for entry in found:
            _say(entry)
    ctx.exit(code)


def _say(entry: dict[str, Any]) -> None:
    click.echo(f"Checking {entry['file']}")
    if entry["problems"]:
        click.secho("  FAILED:", fg="red")
        for line in entry["problems"]:
            click.echo(f"  {line}")
    else:
        click.echo(f"  {click.style('SUCCESS', fg='green')}: {entry['rules']} rules found")
    for line in entry["duplicates"]:
        click.secho(f"  duplicate: {line}", fg="yellow")
    click.echo()


@command.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE…")
@click.option("--run", "chosen", multiple=True, metavar="TEXT", help="Only tests whose name holds this.")
@_json
@click.pass_context
def test(ctx: click.Context, files: tuple[Path, ...], chosen: tuple[str, ...], as_json: bool) -> None:
    """Run tests of rules, in promtool's form: series are given, alerts and values are expected."""
    import logging

    from ..component import SystemClock
    from ..rules.unit import run_file

    logging.getLogger("otelier.rules").setLevel(logging.ERROR)  # what fails is told as an outcome
    failed = False
    told: list[dict[str, Any]] = []
    for path in files:
        entry: dict[str, Any] = {"file": str(path), "tests": 0, "failures": []}
        try:
            outcomes = run_file(path, SystemClock(), chosen)
            entry["tests"] = len(outcomes)
            entry["failures"] = [f"{each.name}: {text}" for each in outcomes for text in each.failures]
        except ConfigError as error:
            entry["failures"] = list(map(str, error.problems))
        failed = failed or bool(entry["failures"])
        told.append(entry)
    if as_json:
        print_json(told)
    else:
        for entry in told:
            _tell(entry)
    ctx.exit(1 if failed else 0)


def _tell(entry: dict[str, Any]) -> None:
    click.echo(f"Unit Testing: {entry['file']}")
    if not entry["failures"]:
        click.echo(f"  {click.style('SUCCESS', fg='green')}: {entry['tests']} tests")
    else:
        click.secho("  FAILED:", fg="red")
        for text in entry["failures"]:
            click.echo("\n".join(f"    {line}" for line in text.splitlines()))
    click.echo()
