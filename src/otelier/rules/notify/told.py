"""An alert as it is told: labels that were changed on the way out, times as text, a link to where it comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote_plus

from ...scrape.relabel import Relabelling
from ..alerts import Notice


@dataclass(frozen=True, slots=True)
class Told:
    """`ends_ms`: when it ended, or when it ends if nothing more is heard."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_ms: int
    ends_ms: int
    resolved: bool
    url: str

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """What makes it this alert."""
        return tuple(sorted(self.labels.items()))


class Outward:
    """Makes alerts ready to be told: external labels that they lack, then relabelling."""

    def __init__(self, external_labels: Mapping[str, str], external_url: str, relabelling: Relabelling) -> None:
        self._external = dict(external_labels)
        self._url = external_url.rstrip("/")
        self._relabelling = relabelling

    def told(self, notices: Sequence[Notice]) -> list[Told]:
        """Without those that relabelling drops."""
        found: list[Told] = []
        for each in notices:
            labels = {**self._external, **dict(each.labels)}
            if self._relabelling(labels):
                url = f"{self._url}/graph?g0.expr={quote_plus(each.expr)}&g0.tab=1"
                notes = dict(each.annotations)
                found.append(Told(labels, notes, each.starts_ms, each.ends_ms, each.resolved, url))
        return found


def moment(time_ms: int) -> str:
    """RFC 3339 with milliseconds."""
    at = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03}Z"
