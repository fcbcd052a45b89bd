"""What other processes ask of the one that writes a directory, by files in a folder of it.

A request is a file that appears as a whole. The writer does what it says, puts an answer beside it, and removes it; a
writer that dies in between does it again after its next start, so that it must do no harm twice.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from ..._core import Disk
from ...component import Clock
from ..contract import DataDirectoryError
from .files import names_in, unlink_all

A = TypeVar("A", bound=msgspec.Struct)
_ANSWER = ".answer"
_LOOK_S = 0.05
_OLD_NS = 3600 * 10**9
"""An answer that nobody has read for so long is removed."""


@dataclass(frozen=True, slots=True)
class Requests(Generic[A]):
    """One kind of them. The name of a request is its path without the suffix."""

    folder: str
    suffix: str
    answer: type[A]

    def ask(self, disk: Disk, clock: Clock, request: msgspec.Struct) -> str:
        """Ask durably; the name under which an answer comes. Raises OSError."""
        name = f"{self.folder}/{clock.time_ns():020d}-{os.urandom(8).hex()}"
        disk.create_dir(self.folder)
        disk.replace(name + self.suffix, msgspec.json.encode(request))
        return name

    def answer_to(self, disk: Disk, name: str) -> A | None:
        """The answer, which is removed; None if there is none yet. Raises OSError."""
        if not disk.exists(name + _ANSWER):
            return None
        answer = msgspec.json.decode(disk.read(name + _ANSWER), type=self.answer)
        unlink_all(disk, [name + _ANSWER])
        return answer

    def wait_for(
        self, disk: Disk, name: str, wait_s: float, late: str, gone: Callable[[], bool] | None = None
    ) -> A | None:
        """The answer; None if there is none and nobody who could give it, by `gone`.

        Raises DataDirectoryError that says `late` if it takes longer than `wait_s`; OSError.
        """
        # Real time: another process is waited for.
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if answer := self.answer_to(disk, name):
                return answer
            if gone and gone():
                return self.answer_to(disk, name)
            time.sleep(_LOOK_S)
        raise DataDirectoryError(late)

    def waiting(self, disk: Disk, clock: Clock) -> list[str]:
        """For the writer: names of what is asked now, the oldest first. Old answers go on the way. Raises OSError."""
        found, now_ns = list[str](), clock.time_ns()
        for name in names_in(disk, self.folder):
            if name.endswith(_ANSWER) and _is_old(name, now_ns):
                unlink_all(disk, [f"{self.folder}/{name}"])
            if name.endswith(self.suffix):
                found.append(f"{self.folder}/{name.removesuffix(self.suffix)}")
        return found

    def done(self, disk: Disk, name: str, answer: A) -> None:
        """For the writer: answer, and remove the request. Raises OSError."""
        disk.replace(name + _ANSWER, msgspec.json.encode(answer))
        unlink_all(disk, [name + self.suffix])


def _is_old(name: str, now_ns: int) -> bool:
    asked_ns = name.partition("-")[0]
    return asked_ns.isdigit() and now_ns - int(asked_ns) > _OLD_NS
