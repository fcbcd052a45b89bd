"""The last work of a stop: not everything downstream may give up in time, and nobody waits for it beyond that."""

import threading
from collections.abc import Callable

from .clock import Clock

# What those downstream take without waiting isn't lost only because others used up the time of the stop.
_LEAST_S = 0.1


def finish_by(deadline: float, work: Callable[[], bool], clock: Clock, name: str) -> bool:
    """Do `work` on a thread of that name, which is left behind at the deadline (monotonic seconds).

    `work` answers whether it has done all; so does this, after 0.1 s at the earliest if it hasn't.
    """
    finished = threading.Event()

    def run() -> None:
        if work():
            finished.set()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    if not clock.wait(finished, max(deadline - clock.monotonic(), _LEAST_S)):
        return False
    thread.join()
    return True
