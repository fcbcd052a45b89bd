"""dns: all addresses of a name, looked up again and again."""

import queue
import socket
import threading
from collections.abc import Callable, Sequence

from ....component import Clock, Context
from ..settings import DnsSettings
from .contract import Listener, Poll

LookUp = Callable[[str], Sequence[str]]
"""The addresses of a name; raises OSError."""


def addresses_of(name: str) -> list[str]:
    """As the system resolves it."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for *_, address in found})


class DnsResolver:
    """Finds what the name stands for."""

    def __init__(self, ctx: Context, settings: DnsSettings, listener: Listener, look_up: LookUp = addresses_of) -> None:
        self._clock: Clock = ctx.clock
        self._settings = settings
        self._look_up = look_up
        self._poll = Poll(ctx, settings.interval, self._endpoints, listener)

    def start(self) -> None:
        """Look up for the first time."""
        self._poll.start()

    def stop(self) -> None:
        """Look no more."""
        self._poll.stop()

    def _endpoints(self) -> list[str]:
        port = f":{self._settings.port}" if self._settings.port else ""
        return [f"[{address}]{port}" if ":" in address else f"{address}{port}" for address in self._in_time()]

    def _in_time(self) -> Sequence[str]:
        """The system's resolver knows no time-out, so it works on a thread that may be left behind."""
        done = threading.Event()
        answer: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answer.put(self._look_up(self._settings.hostname))
            except Exception as error:  # noqa: BLE001 - raised by who waits
                answer.put(error)
            done.set()

        threading.Thread(target=ask, name=f"otelier:dns:{self._settings.hostname}", daemon=True).start()
        if not self._clock.wait(done, self._settings.timeout):
            raise TimeoutError(f"no answer for {self._settings.hostname} within {self._settings.timeout} s")
        found = answer.get()
        if isinstance(found, OSError | UnicodeError):  # the latter for what can be no name
            raise OSError(f"{self._settings.hostname}: {found}") from found
        if isinstance(found, Exception):
            raise found
        return found
