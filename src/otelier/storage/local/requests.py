"""What other processes ask of the one that writes a data directory, by files in it.

A request is a file that appears as a whole. The writer does what it says, puts an answer beside it, and removes it; a
writer that dies in between does it again after its next start, so that it must do no harm twice.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from ..._core import Disk
from ...component import Clock
from ..contract import DataDirectoryError
from ..directory import check_tenant
from ..segmented.files import names_in, unlink_all
from ..segmented.lock import holder
from .deletion import Deleted
from .layout import REQUESTS

_log = logging.getLogger("otelier.store")
_WAIT_S = 60.0
_LOOK_S = 0.05
_ID_BYTES = 16
_MOST = 1000
"""Traces per request."""
_OLD_NS = 3600 * 10**9
"""An answer that nobody has read for so long is removed."""
_REQUEST, _ANSWER = ".request", ".answer"


class DeleteTraces(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request: delete these traces of a tenant."""

    tenant: str
    trace_ids: tuple[str, ...]
    """Hexadecimal, 32 digits."""
    logs: bool = False
    """Their log records, too."""

    def ids(self) -> list[bytes]:
        """16 bytes each. Raises ValueError."""
        ids = [bytes.fromhex(each) for each in self.trace_ids]
        if any(len(each) != _ID_BYTES for each in ids):
            raise ValueError(f"trace ids have {2 * _ID_BYTES} hexadecimal digits")
        return ids


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a request."""

    deleted: Deleted = Deleted()
    error: str = ""


def delete_traces(root: Path, clock: Clock, tenant: str, trace_ids: Sequence[bytes], *, logs: bool) -> Deleted:
    """Have the process that writes `root` delete traces, and wait until it is done.

    Raises DataDirectoryError if nobody writes there, it takes longer than a minute, or it failed; ValueError for a
    tenant's name that can't be one, or too many traces.
    """
    if len(trace_ids) > _MOST:
        raise ValueError(f"at most {_MOST} traces at once, not {len(trace_ids)}")
    if holder(root) is None:
        raise DataDirectoryError(f"no Otelier writes to {root} now, which could do it: start it")
    request = DeleteTraces(tenant=check_tenant(tenant), trace_ids=tuple(each.hex() for each in trace_ids), logs=logs)
    disk = Disk.real(str(root))
    disk.create_dir(REQUESTS)
    name = f"{REQUESTS}/{clock.time_ns():020d}-{os.urandom(8).hex()}"
    disk.replace(name + _REQUEST, msgspec.json.encode(request))
    answer = _wait_for(disk, name)
    if answer.error:
        raise DataDirectoryError(f"the traces are not deleted: {answer.error}")
    return answer.deleted


def _wait_for(disk: Disk, name: str) -> Answer:
    # Real time: another process is waited for.
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        if disk.exists(name + _ANSWER):
            answer = msgspec.json.decode(disk.read(name + _ANSWER), type=Answer)
            unlink_all(disk, [name + _ANSWER])
            return answer
        time.sleep(_LOOK_S)
    raise DataDirectoryError(
        f"the process that writes there has not answered within {_WAIT_S:g} s; it does it when it can"
    )


class Inbox:
    """The writer's side; one thread at a time."""

    def __init__(self, disk: Disk, clock: Clock, delete: Callable[[DeleteTraces], Deleted]) -> None:
        self._disk = disk
        self._clock = clock
        self._delete = delete

    def work_off(self) -> None:
        """Do what is asked for now. Raises OSError if the disk fails; then the request waits."""
        for name in names_in(self._disk, REQUESTS):
            path = f"{REQUESTS}/{name}"
            if name.endswith(_ANSWER) and self._is_old(name):
                unlink_all(self._disk, [path])
            if name.endswith(_REQUEST):
                answer = self._answer(path)
                self._disk.replace(path.removesuffix(_REQUEST) + _ANSWER, msgspec.json.encode(answer))
                unlink_all(self._disk, [path])

    def _answer(self, path: str) -> Answer:
        try:
            request = msgspec.json.decode(self._disk.read(path), type=DeleteTraces)
            deleted = self._delete(request)
        except (msgspec.MsgspecError, ValueError) as error:
            _log.error("can't do what %s asks for: %s", path, error)
            return Answer(error=str(error))
        _log.warning(
            "%d traces of tenant %s deleted on request: %d spans, %d log records",
            len(request.trace_ids),
            request.tenant,
            deleted.spans,
            deleted.records,
        )
        return Answer(deleted)

    def _is_old(self, name: str) -> bool:
        asked_ns = name.partition("-")[0]
        return asked_ns.isdigit() and self._clock.time_ns() - int(asked_ns) > _OLD_NS
