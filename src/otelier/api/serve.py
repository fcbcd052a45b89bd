"""`python -m otelier.api.serve`: the process that answers queries, a child of the one that takes telemetry in.

It reads its options as one line of JSON from standard input. A second line lets it answer what is under way and end;
when the input is closed it ends at once, so it can't outlive its parent. Signals that ask to stop are for the parent
alone, even if all processes of a service get them. To standard output it writes one JSON object a line:
`{"ready":[host,port],"tempo":[host,port],"loki":[host,port],"prometheus":[host,port]}` once, `{"failed":text}` if it
can't begin, `{"log":[level,logger,text]}` for what is to be logged.
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
_YIELDING = 5
"""Niceness: where processors are short, telemetry that comes in goes a little before questions. Readers who ask without
pause took up to a third of its rate, and were themselves hardly slower than alone."""


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

    for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    root = logging.getLogger("otelier")
    root.addHandler(_ToParent())
    root.setLevel(logging.INFO)
    root.propagate = False
    gc.set_threshold(_GARBAGE)
    os.nice(_YIELDING)
    line = sys.stdin.buffer.readline()
    try:
        application = Application(decode(line))
        application.start()
    except (StartError, OSError, msgspec.MsgspecError) as error:
        say({"failed": str(error)})
        return _FAILED
    gc.freeze()
    threading.Thread(target=_listen_to_parent, args=(stop,), daemon=True).start()
    say(
        {
            "ready": application.address,
            "tempo": application.tempo_address,
            "loki": application.loki_address,
            "prometheus": application.prometheus_address,
        }
    )
    stop.wait()
    application.stop(_GRACE_S)
    return 0


def _listen_to_parent(stop: threading.Event) -> None:
    while sys.stdin.buffer.readline():
        stop.set()
    os._exit(0)  # at once: the parent's successor wants the port


if __name__ == "__main__":
    code = main()
    # Threads that still answer are in native code; they need not be waited for.
    os._exit(code)
