"""A data directory as a whole (docs/spec/data-directory.md): where it is, its lock's name, names of tenants."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

LOCK = "LOCK"
METRICS = "metrics"
"""Folder of the metrics' own store; that of traces and logs has the directory itself for its root."""
DEFAULT_TENANT = "default"
TENANT_HEADER = "x-scope-orgid"
"""Of a request: names the tenant that it is about."""
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,63}")


def check_tenant(name: str) -> str:
    """The name, if it may name a tenant (and so a folder). Raises ValueError that says what may."""
    if not _TENANT.fullmatch(name):
        shown = name if len(name) <= 80 else name[:80] + "…"
        raise ValueError(f"not a name of a tenant: {shown!r}; use 1 to 63 letters, digits, _ and -")
    return name


def default_data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """`OTELIER_DATA_DIR`, else `otelier` under the user's data home."""
    if chosen := environment.get("OTELIER_DATA_DIR"):
        return Path(chosen).expanduser()
    home = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".local/share")
    return Path(home) / "otelier"
