"""What is told of a group of alerts, whoever is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .told import Told


@dataclass(frozen=True, slots=True)
class Message:
    """Alerts that belong together, those that fire first."""

    receiver: str
    group_key: str
    group_labels: Mapping[str, str]
    alerts: Sequence[Told]
    external_url: str

    @property
    def firing(self) -> list[Told]:
        """Those that go on."""
        return [each for each in self.alerts if not each.resolved]

    @property
    def status(self) -> str:
        """`firing` as long as one of them does."""
        return "firing" if self.firing else "resolved"

    @property
    def title(self) -> str:
        """`[FIRING:2] HighErrors (service=shop)`."""
        count = f":{len(self.firing)}" if self.firing else ""
        name = self.common_labels.get("alertname", "alerts")
        rest = ", ".join(f"{key}={value}" for key, value in self.common_labels.items() if key != "alertname")
        return f"[{self.status.upper()}{count}] {name}" + (f" ({rest})" if rest else "")

    @property
    def common_labels(self) -> dict[str, str]:
        """Those that all have alike."""
        return _common([each.labels for each in self.alerts])

    @property
    def common_annotations(self) -> dict[str, str]:
        """Those that all have alike."""
        return _common([each.annotations for each in self.alerts])


class Sender(Protocol):
    """One way to tell: made → `start` → `stop`."""

    def start(self) -> None:
        """Get ready, on a thread if that takes time."""
        ...

    def stop(self) -> None:
        """Tell no more."""
        ...

    def send(self, message: Message) -> None:
        """Raises OSError when it wasn't taken."""
        ...


def lines(message: Message) -> list[str]:
    """The alerts for people, one line each."""
    return [_line(each) for each in message.alerts]


def _line(alert: Told) -> str:
    notes = alert.annotations
    text = notes.get("summary") or notes.get("description") or notes.get("message") or ""
    if not text:
        text = ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()) if name != "alertname")
    mark = "resolved" if alert.resolved else "firing"
    return f"{mark}: {text}"


def _common(each: Sequence[Mapping[str, str]]) -> dict[str, str]:
    if not each:
        return {}
    first, *rest = each
    return {name: value for name, value in sorted(first.items()) if all(other.get(name) == value for other in rest)}
