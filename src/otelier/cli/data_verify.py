"""`otelier data verify`: reads all in a thread, so that who waits is told how far it is, and Ctrl-C ends it at once."""

import os
import queue
import sys
import threading
from pathlib import Path

import click

from .directory import directory_option

_TERMINAL_S, _LINE_S = 0.5, 10.0
"""Between two words about how far it is."""
_INTERRUPTED = 130
"""As shells have it: 128 and the signal's number."""


@click.command()
@directory_option()
def verify(data_dir: Path) -> None:
    """Read every byte; say what is damaged, and exit with 1 if anything is."""
    reading, progress, count = _Reading(data_dir), _Progress(), 0
    reading.start()
    try:
        while True:
            try:
                found = reading.found.get(timeout=progress.every_s)
            except queue.Empty:
                progress.tell(reading)
                continue
            if found is None:
                break
            progress.clear()
            click.echo(f"{found[0]}: {found[1]}")
            count += 1
    except KeyboardInterrupt:
        progress.clear()
        click.echo(f"interrupted: {reading.how_far()}, {count} damaged so far", err=True)
        sys.stdout.flush()
        sys.stderr.flush()
        # The thread is in the middle of a segment: the interpreter must not wait for it, nor be gone when it returns.
        os._exit(_INTERRUPTED)
    progress.clear()
    if reading.error:
        raise reading.error
    click.echo(f"{count} damaged" if count else f"{data_dir} is sound", err=True)
    raise SystemExit(1 if count else 0)


class _Reading(threading.Thread):
    """The work. What is damaged comes out of `found`, and None at the end."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(daemon=True)
        self.found: queue.SimpleQueue[tuple[Path, str] | None] = queue.SimpleQueue()
        self.error: BaseException | None = None
        self._data_dir = data_dir
        self._read = self._all = 0

    def run(self) -> None:
        """Never raises: the error is in `error`."""
        from ..storage.stores import damage, size

        try:
            self._all = size(self._data_dir)
            for each in damage(self._data_dir, self._did_read):
                self.found.put(each)
        except BaseException as error:  # noqa: BLE001 (who waits raises it)
            self.error = error
        finally:
            self.found.put(None)

    def how_far(self) -> str:
        """For people."""
        percent = f" ({100 * self._read // self._all} %)" if self._all else ""
        return f"{self._read:,} of {self._all:,} bytes read{percent}"

    def _did_read(self, count: int) -> None:
        self._read += count


class _Progress:
    """A line that is written over on a terminal; elsewhere now and then a line."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown = False
        self.every_s = _TERMINAL_S if self._terminal else _LINE_S

    def tell(self, reading: _Reading) -> None:
        """How far it is."""
        if self._terminal:
            click.echo(f"\r\x1b[K{reading.how_far()}", err=True, nl=False)
            self._shown = True
        else:
            click.echo(reading.how_far(), err=True)

    def clear(self) -> None:
        """Before anything else is written."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)
            self._shown = False
