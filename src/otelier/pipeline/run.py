"""A service in the foreground: signals, reload, the end.

SIGTERM and SIGINT stop gracefully; a second one ends the process at once. SIGHUP reads the configuration again:
if it is sound, everything stops and starts anew; if not, what runs goes on.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable

from ..component import ConfigError, StartError
from .logs import set_up_logs
from .plan import Plan
from .service import Service

_log = logging.getLogger("otelier.service")
_STOP = (signal.SIGTERM, signal.SIGINT)


def run(
    load: Callable[[], Plan],
    started: Callable[[Service], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Load, start and serve until a signal says stop; only in the main thread.

    `started` is called once all is ready; `say` is told what a signal does, for those who don't see the log. Raises
    ConfigError or StartError if it can't begin.
    """
    service = _made(load())

    def take(number: int, _frame: object) -> None:
        if number in _STOP:
            for each in _STOP:
                signal.signal(each, signal.SIG_DFL)

    # The kernel's handler writes each signal's number. A handler in Python would not do: it runs when the main thread
    # comes back to Python, and a signal just before it goes to sleep would not wake it.
    signals, written = os.pipe()
    os.set_blocking(written, False)
    before = {number: signal.signal(number, take) for number in (*_STOP, signal.SIGHUP)}
    wakeup_before = signal.set_wakeup_fd(written)
    threading.excepthook = _log_dead_thread
    try:
        service.start()
        started(service)
        while (number := os.read(signals, 1)[0]) not in _STOP:
            if number == signal.SIGHUP:
                plan = service.plan
                service = _reloaded(service, load)
                say("reloaded" if service.plan is not plan else "not reloaded: the old configuration goes on")
        say("stopping")
        service.stop()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup_before)
        os.close(signals)
        os.close(written)
        threading.excepthook = threading.__excepthook__


def _made(plan: Plan) -> Service:
    service = Service(plan)
    try:
        set_up_logs(plan.settings.telemetry.logs)
    except OSError as error:
        raise StartError(f"service.telemetry.logs.output_paths: {error}") from error
    for warning in plan.warnings:
        _log.warning("%s", warning)
    return service


def _reloaded(running: Service, load: Callable[[], Plan]) -> Service:
    _log.info("reading the configuration again")
    try:
        new = _made(load())
    except (ConfigError, StartError) as error:
        for line in str(error).splitlines():
            _log.error("%s", line)
        _log.error("the new configuration is not used; the old one goes on")
        return running
    running.stop()
    try:
        new.start()
    except StartError as error:
        _log.error("%s; going back to the old configuration", error)
        new = _made(running.plan)
        new.start()
    return new


def _log_dead_thread(failed: threading.ExceptHookArgs) -> None:
    name = failed.thread.name if failed.thread else "?"
    _log.error("thread %s ended by %r", name, failed.exc_value, exc_info=failed.exc_value)
