"""Failed statements and conditions, counted and logged: each text at most every ten seconds, with a number."""

import threading

from ..component import Context
from .group import ErrorMode
from .values import OttlError

_EVERY_S = 10.0
_SHOWN_MAX = 1000


class Faults:
    """A `Report` for a component."""

    def __init__(self, ctx: Context, counter: str, description: str) -> None:
        self._ctx = ctx
        self._counter = ctx.meter.counter(counter, "{errors}", description)
        self._lock = threading.Lock()
        self._quiet: dict[str, tuple[float, int]] = {}
        """By text: until when nothing is said, and how many failed since."""

    def __call__(self, text: str, error: OttlError, mode: ErrorMode) -> None:
        """Count it; unless the mode is silent, tell it."""
        self._counter.add(1, component=str(self._ctx.id), statement=text)
        if mode == "silent":
            return
        now = self._ctx.clock.monotonic()
        with self._lock:
            until, unsaid = self._quiet.get(text, (now, 0))
            if now < until:
                self._quiet[text] = (until, unsaid + 1)
                return
            self._quiet[text] = (now + _EVERY_S, 0)
        more = f" ({unsaid} more like this)" if unsaid else ""
        self._ctx.log.warning("passed over `%s`: %s%s", text, _shortened(str(error)), more)


def _shortened(text: str) -> str:
    """What an error quotes of telemetry may be megabytes."""
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
