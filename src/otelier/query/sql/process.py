"""The process of one query, from outside."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ..errors import BadQuery, TooLarge
from . import messages
from .limits import Limits

_COMMAND = (sys.executable, "-P", "-m", "otelier.query.sql.child")
_ENVIRONMENT = ("PYTHONPATH", "LD_LIBRARY_PATH")
"""All that it gets of ours: nothing of it is for who asks."""


class Process:
    """Runs as long as its `with`; killed at the end of the time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._late = False

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

    def check(self, text: str) -> Mapping[str, list[str]]:
        """Which columns of which views it needs. Raises BadQuery, TooLarge."""
        limits = self._limits
        asked = {
            "text": text,
            "time_s": limits.time_s,
            "memory_mb": limits.memory_mb,
            "threads": limits.threads,
            "rows": limits.rows,
            "answer_bytes": limits.answer_bytes,
        }
        return self._ask(asked)["views"]

    def run(self, tables: Mapping[str, object]) -> Mapping[str, Any]:
        """`columns`, `types` and `rows`. Raises BadQuery, TooLarge."""
        return self._ask(tables)

    def _ask(self, message: Mapping[str, object]) -> Mapping[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        timer = threading.Timer(self._limits.time_s, self._end_late)
        timer.daemon = True
        timer.start()
        try:
            messages.send(self._process.stdin, message)
            answer = messages.receive(self._process.stdout)
        except (EOFError, OSError) as error:
            if self._late:
                raise self._limits.reached("time") from error
            if (ended := self._process.wait()) > 0:
                raise RuntimeError(f"the query's process has ended with {ended}") from error
            raise TooLarge(f"the query's process was ended by signal {-ended}: not enough memory for it?") from error
        finally:
            timer.cancel()
        if "refused" in answer:
            raise BadQuery(answer["refused"])
        if "reached" in answer:
            raise self._limits.reached(answer["reached"])
        return answer

    def _end_late(self) -> None:
        self._late = True
        self._process.kill()
