"""The one tree of errors. The send path and the receivers ask only one thing: is it `Retryable`?"""

from collections.abc import Iterable
from dataclasses import dataclass


class OtelierError(Exception):
    """Anything Otelier itself reports."""


class Retryable(OtelierError):  # noqa: N818 - says what to do, not what it is
    """Not taken now; the same data may be offered again, after `after_s` seconds if given."""

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class Refused(Retryable):
    """A limit of ours is reached: a full queue, too little memory. `limit` names it for the counters."""

    def __init__(self, message: str, *, limit: str, after_s: float | None = None) -> None:
        super().__init__(message, after_s=after_s)
        self.limit = limit


class Permanent(OtelierError):  # noqa: N818
    """Will fail again however often it is offered. `partly_taken`: some consumer of several has taken the batch."""

    def __init__(self, message: str, *, partly_taken: bool = False) -> None:
        super().__init__(message)
        self.partly_taken = partly_taken


class Invalid(Permanent):
    """The request itself is wrong, which only its sender can change: answered by HTTP 400."""


class Rejected(Permanent):
    """`items` of the batch are not kept and never will be; the rest is. Its sender is told by OTLP partial success."""

    def __init__(self, message: str, *, items: int) -> None:
        super().__init__(message, partly_taken=True)
        self.items = items


class StartError(OtelierError):
    """A component can't start: a port in use, a directory that can't be written.

    `exit_code` is 2 where the user chose what can't be: as for a configuration that is wrong.
    """

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a configuration. Lines and columns (in characters) count from 1; 0 means the whole of `file`."""

    file: str
    """A path as the user gave it, or what stands for one: `env:CONFIG`, `--set a.b`."""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a configuration, or (as a warning) strange about it."""

    message: str
    location: Location
    hint: str = ""
    """What to do about it; empty where the message says it."""

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(OtelierError):
    """All problems of a configuration at once, by position, each said once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=lambda p: (p.location, p.message, p.hint))
        super().__init__("\n".join(map(str, self.problems)))
