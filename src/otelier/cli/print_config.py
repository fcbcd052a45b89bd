"""`otelier print-config`: the effective configuration, merged, expanded, with every default."""

from typing import Any

import click

from ..component import Kind
from ..config import dump
from ..pipeline.plan import Plan
from .sources import config_options, load_plan


@click.command()
@config_options
@click.option(
    "--mode", type=click.Choice(["redacted", "unredacted"]), default="redacted", help="Whether secrets are shown."
)
@click.option("--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", help="How it is written.")
def command(
    config: tuple[str, ...], sets: tuple[str, ...], feature_gates: tuple[str, ...], mode: str, format_: str
) -> None:
    """Print the configuration that would run: merged, expanded, with every default, secrets hidden."""
    tree = effective(load_plan(config, sets, feature_gates))
    click.echo(dump(tree, as_json=format_ == "json", unredacted=mode == "unredacted"), nl=False)


def effective(plan: Plan) -> dict[str, Any]:
    """Sections to components to their configuration structs, and `service`."""
    tree: dict[str, Any] = {}
    for kind in Kind:
        if declared := [each for each in plan.components if each.kind is kind]:
            tree[kind.section] = {str(each.id): each.config for each in declared}
    return tree | {"service": plan.settings}
