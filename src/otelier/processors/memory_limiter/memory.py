"""How much memory this process may use and does use, from Linux' `/proc` and `/sys/fs/cgroup`.

Formats: proc(5); the kernel's documents on cgroup v1 (memory.limit_in_bytes) and v2 (memory.max).
Every function takes the root of the file system, so that a test can make its own.
"""

import ctypes
import gc
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_ROOT = Path("/")


def total_bytes(root: Path = _ROOT) -> int:
    """What this process can use: the lowest limit of its cgroups, or the machine's memory if that is less.

    Raises OSError where the system tells neither.
    """
    known = [*_cgroup_limits(root), *_host(root)]
    if not known:
        raise OSError(f"neither a cgroup nor {root / 'proc/meminfo'} tells how much memory there is")
    return min(known)


def resident_bytes(root: Path = _ROOT) -> int:
    """Resident memory of this process that the kernel can't take back: without pages that lie in files.

    0 where the system doesn't tell.
    """
    try:
        _, resident, shared, *_ = (root / "proc/self/statm").read_text("ascii").split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def release() -> None:
    """Give unused memory back to the system, as far as it can be: collect garbage, trim the C library's heap."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):  # not glibc
        return


def _host(root: Path) -> Iterator[int]:
    try:
        lines = (root / "proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return
    for line in lines:
        if line.startswith("MemTotal:"):
            yield int(line.split()[1]) * 1024


def _cgroup_limits(root: Path) -> Iterator[int]:
    """All limits from this process's groups up to the root; the path may not be visible inside a container."""
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mount, file = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            mount, file = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        group = PurePosixPath(path.replace("/..", "")).relative_to("/")
        for folder in (group, *group.parents):
            yield from _limit(mount / folder / file)


def _limit(path: Path) -> Iterator[int]:
    try:
        text = path.read_text("ascii").strip()
    except OSError:
        return
    # "max", or in v1 a number beyond any machine (which loses against the host's memory), means no limit.
    if text.isdigit():
        yield int(text)
