"""`python -m otelier.api.serve`: the process that answers queries, a child of the one that takes telemetry in.

It reads its options as one line of JSON from standard input and ends at once when that is closed, so it can't outlive
its parent; SIGTERM lets it answer what is under way. To standard output it writes one JSON object a line:
`{"ready":[host,port]}` once, `{"failed":text}` if it can't begin, `{"log":[level,logger,text]}` for what is to be
logged.
"""

import gc
import logging
import os
import signal
import sys
import threading

import msgspec

from ..component import StartError
from .application import Application
from .options import decode

_GRACE_S = 5.0
_FAILED = 3
_GARBAGE = 50_000
"""Answers are many objects and no cycles: looking for cycles among them costs a tenth of the time."""


class _ToParent(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say({"log": [record.levelno, record.name, self.format(record)]})


_saying = threading.Lock()


def say(message: object) -> None:
    """One line to the parent; if it has gone, nobody needs to know."""
    try:
        with _saying:
            os.write(1, msgspec.json.encode(message) + b"\n")
    except OSError:
        pass


def main() -> int:
    """Serve until told to stop."""
    stop = threading.Event()

    def take(_number: int, _frame: object) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, take)
    for ignored in (signal.SIGINT, signal.SIGHUP):  # meant for the parent, which tells us what follows
        signal.signal(ignored, signal.SIG_IGN)
    root = logging.getLogger("otelier")
    root.addHandler(_ToParent())
    root.setLevel(logging.INFO)
    root.propagate = False
    gc.set_threshold(_GARBAGE)
    line = sys.stdin.buffer.readline()
    try:
        application = Application(decode(line))
        application.start()
    except (StartError, OSError, msgspec.MsgspecError) as error:
        say({"failed": str(error)})
        return _FAILED
    gc.freeze()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    say({"ready": application.address})
    stop.wait()
    application.stop(_GRACE_S)
    return 0


def _end_with_parent() -> None:
    """At once: the parent's successor wants the port."""
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    code = main()
    # Threads that still answer are in native code; they need not be waited for.
    os._exit(code)
