"""The process of one query, from outside."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias

from ...component import SystemClock
from ..errors import Abandoned, BadQuery, TooLarge
from . import messages
from .conditions import Condition
from .limits import Limits

Form: TypeAlias = Literal["rows", "arrow"]

_COMMAND = (sys.executable, "-P", "-m", "otelier.query.sql.child")
_ENVIRONMENT = ("PYTHONPATH", "LD_LIBRARY_PATH")
"""All that it gets of ours: nothing of it is for who asks."""
_LOOK_S = 0.2
"""So often it is asked whether somebody still waits."""


def nobody_leaves() -> bool:
    """Where who asks can't go."""
    return False


class Process:
    """Runs as long as its `with`; killed at the end of the time, or when nobody waits for it any more."""

    def __init__(self, limits: Limits, abandoned: Callable[[], bool] = nobody_leaves) -> None:
        self._limits = limits
        self._abandoned = abandoned
        self._clock = SystemClock()
        self._late = self._left = False

    def __enter__(self) -> Self:
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - ourselves
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**kept, "TZ": "UTC"}
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            with suppress(OSError):
                stream.close()
        self._process.wait()

    def check(self, text: str, form: Form) -> tuple[Mapping[str, list[str]], Mapping[str, Condition]]:
        """Which columns of which views it needs, and of which rows. Raises BadQuery, TooLarge, Abandoned."""
        limits = self._limits
        asked = {
            "text": text,
            "form": form,
            "time_s": limits.time_s,
            "memory_mb": limits.memory_mb,
            "threads": limits.threads,
            "rows": limits.rows if form == "rows" else limits.arrow_rows,
            "answer_bytes": limits.answer_bytes,
        }
        answer = self._ask(asked)
        return answer["views"], answer["where"]

    def run(self, tables: Mapping[str, object]) -> Mapping[str, Any]:
        """`columns`, `types` and `rows` or `arrow`. Raises BadQuery, TooLarge, Abandoned."""
        return self._ask(tables)

    def _ask(self, message: Mapping[str, object]) -> Mapping[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        answered = threading.Event()
        watch = threading.Thread(target=self._watch, args=(answered,), daemon=True)
        watch.start()
        try:
            messages.send(self._process.stdin, message)
            answer = messages.receive(self._process.stdout)
        except (EOFError, OSError) as error:
            if self._left:
                raise Abandoned("nobody waits for the answer any more") from error
            if self._late:
                raise self._limits.reached("time") from error
            if (ended := self._process.wait()) > 0:
                raise RuntimeError(f"the query's process has ended with {ended}") from error
            raise TooLarge(f"the query's process was ended by signal {-ended}: not enough memory for it?") from error
        finally:
            answered.set()
            watch.join()
        if "refused" in answer:
            raise BadQuery(answer["refused"])
        if "reached" in answer:
            raise self._limits.reached(answer["reached"])
        return answer

    def _watch(self, answered: threading.Event) -> None:
        end = self._clock.monotonic() + self._limits.time_s
        while (left := end - self._clock.monotonic()) > 0 and not self._left:
            if answered.wait(min(left, _LOOK_S)):
                return
            self._left = self._abandoned()
        self._late = not self._left
        self._process.kill()
