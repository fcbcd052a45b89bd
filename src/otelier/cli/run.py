"""`otelier run`: run a configuration until a signal says stop."""

import click

from ..pipeline.run import run
from .sources import config_options, load_plan


@click.command()
@config_options
def command(config: tuple[str, ...], sets: tuple[str, ...], feature_gates: tuple[str, ...]) -> None:
    """Run a configuration of the OpenTelemetry Collector.

    SIGTERM or Ctrl-C stops gracefully, a second one at once; SIGHUP reads the configuration again.
    """
    run(lambda: load_plan(config, sets, feature_gates))
