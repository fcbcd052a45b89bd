"""What a discovery is, the list of targets that several of them read, and the one that asks again and again."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from ...component import Context
from ..target import ADDRESS, TargetGroup

Found: TypeAlias = Callable[[Sequence[TargetGroup]], None]
"""Told of all groups as they are now."""


class Discovery(Protocol):
    """Finds targets until it is stopped."""

    def start(self) -> None:
        """Look for the first time, or begin to."""
        ...

    def stop(self) -> None:
        """Look no more."""
        ...


MakeDiscovery: TypeAlias = Callable[[Context, Found], Discovery]


class _Group(msgspec.Struct):
    targets: list[str]
    labels: dict[str, Any] = {}


def groups_of(given: Any, source: str, meta: dict[str, str]) -> list[TargetGroup]:
    """The lists that `file_sd` and `http_sd` read: `[{targets: [...], labels: {...}}]`. Raises ValueError."""
    try:
        groups = msgspec.convert(given or [], list[_Group], strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a list of targets: {error}") from None
    return [
        TargetGroup(
            f"{source}:{number}",
            tuple({ADDRESS: address} for address in group.targets),
            {name: str(value) for name, value in group.labels.items()} | meta,
        )
        for number, group in enumerate(groups)
    ]


class Poll:
    """Looks at once and after each interval; what was found last counts until there is more."""

    def __init__(
        self, ctx: Context, name: str, interval_s: float, look: Callable[[], Sequence[TargetGroup] | None], found: Found
    ) -> None:
        """`look` raises OSError or ValueError; None: as before."""
        self._log = ctx.log
        self._name = name
        self._interval_s = interval_s
        self._look = look
        self._found = found
        self._stopped = threading.Event()
        self._trouble = ""
        self._timer = ctx.clock.timer(self._run, "otelier:discovery")

    def start(self) -> None:
        """The first look is on a thread, too: it may take its time."""
        self._timer.start(0)

    def stop(self) -> None:
        """Again does nothing."""
        self._stopped.set()
        self._timer.close(0)

    def _run(self) -> None:
        try:
            groups = self._look()
            self._trouble = ""
            if groups is not None:
                self._found(groups)
        except (OSError, ValueError) as error:
            # Said once, not each time.
            if self._trouble != str(error):
                self._trouble = str(error)
                self._log.warning("%s: %s; what was found before counts", self._name, error)
        except Exception:  # noqa: BLE001 - the next one must come
            self._log.exception("%s has a defect, and tries again", self._name)
        if not self._stopped.is_set():
            self._timer.start(self._interval_s)
