"""The one tree of errors. The send path and the receivers ask only one thing: is it `Retryable`?"""


class OtelierError(Exception):
    """Anything Otelier itself reports."""


class Retryable(OtelierError):
    """Not taken now; the same data may be offered again, after `after_s` seconds if given."""

    def __init__(self, message: str, *, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class Refused(Retryable):
    """A limit of ours is reached: a full queue, too little memory. `limit` names it for the counters."""

    def __init__(self, message: str, *, limit: str, after_s: float | None = None) -> None:
        super().__init__(message, after_s=after_s)
        self.limit = limit


class Permanent(OtelierError):
    """Will fail again however often it is offered."""


class StartError(OtelierError):
    """A component can't start: a port in use, a directory that can't be written."""
