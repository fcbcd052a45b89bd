"""Otelier: a complete OpenTelemetry backend in one Python package."""

from os import PathLike
from typing import TYPE_CHECKING

from ._core import __version__

if TYPE_CHECKING:
    from .query.opened import Opened


def open(  # noqa: A001 - read as otelier.open
    data_dir: str | PathLike[str],
    *,
    tenant: str = "default",
    endpoint: str = "",
    region: str = "",
    cache_dir: str | PathLike[str] | None = None,
) -> "Opened":
    """Open a data directory for questions: `otelier.open("…").sql("SELECT count(*) FROM spans")`.

    Raises FileNotFoundError where there is none. Nothing in it is changed; an Otelier may be running on it.

    `s3://bucket/prefix`: what an Otelier elsewhere has put into a bucket; `endpoint` is another server's than AWS's,
    and what is read is kept in `cache_dir`, a folder of its own.
    """
    from pathlib import Path

    from .query.opened import Opened
    from .query.sql.limits import Limits

    if str(data_dir).startswith("s3://"):
        from .storage.segmented.bucket.attach import read_only
        from .storage.settings import BucketSettings

        root = None if cache_dir is None else Path(cache_dir).expanduser()
        cache = read_only(str(data_dir), BucketSettings(endpoint=endpoint, region=region), root)
        return Opened(cache, tenant, Limits())
    directory = Path(data_dir).expanduser()
    if not directory.is_dir():
        raise FileNotFoundError(f"no data directory at {directory}")
    return Opened(directory, tenant, Limits())


__all__ = ["__version__", "open"]
