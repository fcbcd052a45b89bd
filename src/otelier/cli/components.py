"""`otelier components`: what a configuration may name."""

from typing import Any

import click

from ..component import Kind, Registration
from ..component.registry import load_components, registrations
from ..telemetry import SIGNALS
from .output import json_option, print_json


@click.command()
@json_option
def command(as_json: bool) -> None:
    """List the components: type, other spellings, signals, stability."""
    load_components()
    if as_json:
        print_json([_described(each) for each in registrations()])
    else:
        _print_tables()


def _described(each: Registration) -> dict[str, Any]:
    return {
        "kind": str(each.kind),
        "type": each.type,
        "aliases": list(each.aliases),
        "signals": [signal for signal in SIGNALS if signal in each.signals],
        "pairs": sorted([list(pair) for pair in each.pairs]),
        "stability": each.stability,
        "replaced_by": each.replaced_by,
        "promise": each.promise,
    }


def _print_tables() -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for kind in Kind:
        if not (rows := registrations(kind)):
            continue
        table = Table(title=kind.section, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for heading in ("type", "also", "signals", "stability", "what it does"):
            table.add_column(heading, overflow="fold")
        for each in rows:
            table.add_row(each.type, ", ".join(each.aliases), _signals(each), each.stability, each.promise)
        console.print(table)
        console.print()


def _signals(each: Registration) -> str:
    if each.pairs:
        return ", ".join(f"{a} → {b}" for a in SIGNALS for b in SIGNALS if (a, b) in each.pairs)
    return ", ".join(signal for signal in SIGNALS if signal in each.signals)
