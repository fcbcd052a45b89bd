"""Tables for people on a terminal, JSON for everything else."""

import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


def json_option(command: _Command) -> _Command:
    """Add `--json`; the command gets `as_json`, true also where standard output is no terminal."""
    return click.option(
        "--json", "as_json", is_flag=True, callback=_or_piped, help="Print JSON; the default in a pipe."
    )(command)


def print_json(value: object) -> None:
    """One JSON document, indented."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _or_piped(_ctx: click.Context, _param: click.Parameter, given: bool) -> bool:
    return given or not sys.stdout.isatty()
