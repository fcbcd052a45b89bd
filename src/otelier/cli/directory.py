"""Where telemetry is and whose: `--data-dir`, in front of a verb or behind it, `--url` and `--tenant`."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

_Command = TypeVar("_Command", bound=Callable[..., Any])


class DataDirectory(click.Path):
    """A path in which `~` is the user's home, as a shell would have it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """A `Path`; fails where it can be none."""
        if not str(value):
            self.fail("a data directory needs a name", param, ctx)
        try:
            return super().convert(Path(value).expanduser(), param, ctx)
        except RuntimeError as error:
            self.fail(str(error), param, ctx)


def or_in_front(ctx: click.Context, _param: click.Parameter, given: Path) -> Path:
    """What the command line says behind the verb, else in front of it, else what the environment or nobody says."""
    if ctx.get_parameter_source("data_dir") is ParameterSource.COMMANDLINE:
        return given
    return ctx.find_root().params.get("data_dir") or given


def refuse_in_front(ctx: click.Context, verb: str, taken: Collection[str] = ()) -> None:
    """What stands in front of a verb and means nothing to it, but for what is `taken`. Raises click.UsageError."""
    for option in ctx.command.params:
        name = option.name or ""
        if name in taken or ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        why = "its configuration says data_dir" if name == "data_dir" else "that is for `otelier` without a command"
        raise click.UsageError(f"{verb} takes no {option.opts[0]}: {why}")


def _default() -> Path:
    from ..storage.directory import default_data_directory

    return default_data_directory()


def directory_option(what: str = "The directory.") -> Callable[[_Command], _Command]:
    """`what` it is to the verb."""
    return click.option(
        "--data-dir",
        envvar="OTELIER_DATA_DIR",
        type=DataDirectory(),
        callback=or_in_front,
        default=_default,
        show_default="otelier under the user's data home",
        help=what,
    )


def server_option(what: str) -> Callable[[_Command], _Command]:
    """`what` it is to the verb."""
    return click.option("--url", metavar="URL", callback=_with_scheme, help=what)


def tenant_option() -> Callable[[_Command], _Command]:
    """Whose telemetry is meant."""
    return click.option("--tenant", default="default", callback=_named, help="Whose telemetry.")


def _with_scheme(_ctx: click.Context, _param: click.Parameter, given: str | None) -> str | None:
    if given and not given.startswith(("http://", "https://")):
        raise click.BadParameter(f"{given} is no URL; did you mean http://{given.rpartition('://')[2]}?")
    return given


def _named(_ctx: click.Context, _param: click.Parameter, given: str) -> str:
    from ..storage.directory import check_tenant

    try:
        return check_tenant(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
