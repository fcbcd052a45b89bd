"""file: lists of targets in JSON and YAML files. A file that can't be read leaves what it said before."""

import json
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from typing import Any

import yaml

from ...component import Context
from ..config import FileSd
from ..target import TargetGroup
from .contract import Found, Poll, groups_of

_LOOK_S = 5.0
"""How often file times are looked at: within so many seconds a change is seen."""
_BYTES_MAX = 64 << 20
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class FileDiscovery:
    """Follows files."""

    def __init__(self, config: FileSd, ctx: Context, found: Found) -> None:
        self._config = config
        self._log = ctx.log
        self._clock = ctx.clock
        self._known: dict[str, tuple[tuple[int, ...], list[TargetGroup]]] = {}
        """What each file was when it was read last, and the groups of the last good one."""
        self._again_s = ctx.clock.monotonic()
        self._first = True
        interval = min(_LOOK_S, float(config.refresh_interval) or _LOOK_S)
        self._poll = Poll(ctx, "file_sd", interval, self._look, found)

    def start(self) -> None:
        """Read all."""
        self._poll.start()

    def stop(self) -> None:
        """Look no more."""
        self._poll.stop()

    def _look(self) -> Sequence[TargetGroup] | None:
        names = {name for pattern in self._config.files for name in glob(pattern)}  # noqa: PTH207 - patterns are text
        changed, self._first = self._first, False
        anew = self._clock.monotonic() >= self._again_s
        if anew:
            self._again_s = self._clock.monotonic() + float(self._config.refresh_interval)
        for name in [name for name in self._known if name not in names]:
            del self._known[name]
            changed = True
        for name in sorted(names):
            changed = self._read(name, anew=anew) or changed
        return [group for _, groups in self._known.values() for group in groups] if changed else None

    def _read(self, name: str, *, anew: bool) -> bool:
        """Whether it says something new. `anew`: read it, changed or not."""
        try:
            status = Path(name).stat()
        except OSError:  # gone since it was listed
            return False
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size)
        before, groups = self._known.get(name, ((), []))
        if stamp == before and not anew:
            return False
        try:
            found = groups_of(_content(Path(name)), name, {"__meta_filepath": name})
        except (OSError, ValueError, yaml.YAMLError) as error:
            self._log.warning("file_sd: %s can't be used: %s; what it said before counts", name, error)
            self._known[name] = stamp, groups
            return False
        self._known[name] = stamp, found
        return found != groups


def _content(path: Path) -> Any:
    data = path.read_bytes()
    if len(data) > _BYTES_MAX:
        raise ValueError(f"larger than {_BYTES_MAX >> 20} MiB")
    return json.loads(data) if path.suffix == ".json" else yaml.load(data, Loader=_Loader)  # noqa: S506 - a safe one
