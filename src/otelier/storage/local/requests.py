"""Traces that another process asks the writer of a data directory to delete."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from ..._core import Disk
from ...component import Clock
from ..contract import DataDirectoryError
from ..directory import check_tenant
from ..segmented.lock import holder
from ..segmented.requests import Requests
from .deletion import Deleted
from .layout import REQUESTS

_log = logging.getLogger("otelier.store")
_WAIT_S = 60.0
_ID_BYTES = 16
_MOST = 1000
"""Traces per request."""


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


_requests = Requests(REQUESTS, ".request", Answer)


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
    late = f"the process that writes there has not answered within {_WAIT_S:g} s; it does it when it can"
    answer = _requests.wait_for(disk, _requests.ask(disk, clock, request), _WAIT_S, late)
    assert answer
    if answer.error:
        raise DataDirectoryError(f"the traces are not deleted: {answer.error}")
    return answer.deleted


class Inbox:
    """The writer's side; one thread at a time."""

    def __init__(self, disk: Disk, clock: Clock, delete: Callable[[DeleteTraces], Deleted]) -> None:
        self._disk = disk
        self._clock = clock
        self._delete = delete

    def work_off(self) -> None:
        """Do what is asked for now. Raises OSError if the disk fails; then the request waits."""
        for name in _requests.waiting(self._disk, self._clock):
            _requests.done(self._disk, name, self._answer(name + _requests.suffix))

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
