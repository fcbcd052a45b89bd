"""Otelier: a complete OpenTelemetry backend in one Python package."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING

from ._core import __version__

if TYPE_CHECKING:
    from .query.opened import Opened
    from .query.remote import Remote


def open(  # noqa: A001 - read as otelier.open
    place: str | PathLike[str],
    *,
    tenant: str = "default",
    endpoint: str = "",
    region: str = "",
    cache_dir: str | PathLike[str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 120.0,
) -> "Opened | Remote":
    """Open what Otelier keeps for questions: `otelier.open("…").sql("SELECT count(*) FROM spans").polars()`.

    `place` is a data directory, of which nothing is changed and on which an Otelier may be running, or one of:

    - `http://127.0.0.1:16686`, a server. `headers` go with every request, which may take `timeout_s`.
    - `s3://bucket/prefix`, what an Otelier elsewhere has put into a bucket. `endpoint` is another server's than AWS's,
      and what is read is kept in `cache_dir`, a folder of its own.

    Raises FileNotFoundError where there is no such directory or it is no data directory, ValueError for what can't be a
    tenant's name.
    """
    from pathlib import Path

    from .storage.directory import check_tenant

    check_tenant(tenant)
    if str(place).startswith(("http://", "https://")):
        from .query.remote import Remote

        return Remote(str(place), tenant, headers or {}, timeout_s)

    from .query.opened import Opened
    from .query.sql.limits import Limits
    from .storage.stores import is_data_directory

    if str(place).startswith("s3://"):
        from .storage.segmented.bucket.attach import read_only
        from .storage.settings import BucketSettings

        root = None if cache_dir is None else Path(cache_dir).expanduser()
        cache = read_only(str(place), BucketSettings(endpoint=endpoint, region=region), root)
        return Opened(cache, tenant, Limits())
    directory = Path(place).expanduser()
    if not directory.is_dir():
        url = f"did you mean http://{str(place).rpartition('://')[2]}?"
        hint = url if ":" in str(place) else "name Otelier's data directory, or a URL such as http://127.0.0.1:16686"
        raise FileNotFoundError(f"there is no directory {place}; {hint}")
    if not is_data_directory(directory):
        raise FileNotFoundError(
            f"{directory} is no data directory: Otelier has written nothing there; name the one that its exporter "
            "`otelier` has as data_dir"
        )
    return Opened(directory, tenant, Limits())


__all__ = ["__version__", "open"]
