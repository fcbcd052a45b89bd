"""Who listens on a port: the text of "address already in use" names the process.

Read from Linux' `/proc/net/tcp{,6}` (proc(5)) and the file descriptors under `/proc/<pid>/fd`. Where either
can't be read, as for processes of other users, the answer says less but never fails.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LISTEN = "0A"
_COMMAND_MAX = 120


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that listens."""

    pid: int
    command: str
    """Its command line, shortened, without control characters."""

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.command})"


def owners(port: int, proc: Path = Path("/proc")) -> list[Owner]:
    """Processes that listen on a TCP port at any address, as far as we may see them."""
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port, proc)}
    if not inodes:
        return []
    return [Owner(int(p.name), _command(p)) for p in _processes(proc) if _holds(p, inodes)]


def bind_error(address: str, port: int, error: OSError) -> str:
    """Why `address` (as the user wrote it) can't be bound, in words that help."""
    if error.errno == errno.EADDRINUSE:
        by = " and ".join(map(str, owners(port))) or "a process that we may not look into"
        return f"{address} is already in use by {by}; stop it or choose another endpoint"
    if error.errno == errno.EACCES:
        return f"{address} may not be opened by this user: {error.strerror}; ports below 1024 need a privilege"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is not an address of this machine"
    return f"can't listen on {address}: {error.strerror or error}"


def _listening_inodes(port: int, proc: Path) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _processes(proc: Path) -> Iterator[Path]:
    return (path for path in sorted(proc.iterdir()) if path.name.isdigit())


def _holds(process: Path, inodes: set[str]) -> bool:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return False
    return any(_target(descriptor) in inodes for descriptor in descriptors)


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except OSError:
        return ""


def _command(process: Path) -> str:
    try:
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        words = []
    text = "".join(c if c.isprintable() else "?" for c in " ".join(words).strip())
    if not text:
        return "name unknown"
    return text if len(text) <= _COMMAND_MAX else text[: _COMMAND_MAX - 1] + "…"
