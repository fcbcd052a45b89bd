"""Otelier: a complete OpenTelemetry backend in one Python package."""

from os import PathLike
from typing import TYPE_CHECKING

from ._core import __version__

if TYPE_CHECKING:
    from .query.opened import Opened


def open(data_dir: str | PathLike[str], *, tenant: str = "default") -> "Opened":  # noqa: A001 - read as otelier.open
    """Open a data directory for questions: `otelier.open("…").sql("SELECT count(*) FROM spans")`.

    Raises FileNotFoundError where there is none. Nothing in it is changed; an Otelier may be running on it.
    """
    from pathlib import Path

    from .query.opened import Opened
    from .query.sql.limits import Limits

    directory = Path(data_dir).expanduser()
    if not directory.is_dir():
        raise FileNotFoundError(f"no data directory at {directory}")
    return Opened(directory, tenant, Limits())


__all__ = ["__version__", "open"]
