"""`--config`, `--set` and `--feature-gates`, as every verb that reads a configuration takes them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..config import load
from ..pipeline.interpret import interpret
from ..pipeline.plan import Plan

_Command = TypeVar("_Command", bound=Callable[..., Any])
_KEYS_INSTEAD = {
    "connector.spanmetrics.legacyMetricNames": "`compat: 0.108` of spanmetrics",
    "processor.tailsamplingprocessor.recordpolicy": "`record_policy: true` of tail_sampling",
    "processor.transform.defaultErrorModeIgnore": "`error_mode: ignore` of transform",
}
"""Where a key does what one of the Collector's gates does when it is on."""


def config_options(command: _Command) -> _Command:
    """Add the options; the command gets `config`, `sets` and `feature_gates`."""
    for option in (
        click.option(
            "--feature-gates", multiple=True, metavar="±GATE,…", help="Taken and ignored: Otelier has no feature gates."
        ),
        click.option(
            "--set", "sets", multiple=True, metavar="KEY=VALUE", help="Change one key, as a.b.c=value; may be repeated."
        ),
        click.option(
            "--config",
            multiple=True,
            required=True,
            metavar="SOURCE",
            help="A file, or env:, yaml:, http: and what follows; may be repeated, later ones win.",
        ),
    ):
        command = option(command)
    return command


def load_plan(config: tuple[str, ...], sets: tuple[str, ...], feature_gates: tuple[str, ...] = ()) -> Plan:
    """Read, merge and check; raises ConfigError with every problem found."""
    if feature_gates:
        click.echo(f"note: Otelier has no feature gates; ignored: {','.join(feature_gates)}", err=True)
        for gate in (each.strip().removeprefix("+") for given in feature_gates for each in given.split(",")):
            if gate in _KEYS_INSTEAD:
                click.echo(f"note: instead of {gate} set {_KEYS_INSTEAD[gate]}", err=True)
    problems: list[Any] = []
    document = load(config, sets, problems=problems)
    return interpret(document, problems)
