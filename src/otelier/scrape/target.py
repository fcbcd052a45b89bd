"""From what discovery found to what is scraped: labels of a target, and its URL."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ..component import PrometheusDuration
from .config import Job
from .relabel import LabelSet, Relabelling

ADDRESS = "__address__"
_SCHEME = "__scheme__"
_PATH = "__metrics_path__"
_INTERVAL = "__scrape_interval__"
_TIMEOUT = "__scrape_timeout__"
_PARAMETER = "__param_"
_PLACE_MS = 100


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Targets of one source, such as one file."""

    source: str
    """Unique among the groups of a job."""
    targets: tuple[Mapping[str, str], ...]
    """Labels of each, `__address__` among them."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of all of them."""


class BadTarget(ValueError):  # noqa: N818 - says what is wrong
    """What was found can't be scraped; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to scrape."""

    discovered: Mapping[str, str]
    """Labels before relabelling."""
    labels: Mapping[str, str]
    """Labels that its series get."""
    url: str
    interval_s: float
    timeout_s: float

    @property
    def key(self) -> tuple[object, ...]:
        """What makes it another target if it changes."""
        return (tuple(sorted(self.labels.items())), self.url, self.interval_s, self.timeout_s)

    def offset_ms(self) -> int:
        """Where in its interval it is scraped: spread over it, and always the same.

        There are places every `_PLACE_MS` only: targets that share one are begun together, and share their timestamps.
        """
        digest = hashlib.md5(repr(self.key[:2]).encode(errors="replace"), usedforsecurity=False).digest()
        place = int.from_bytes(digest[8:], "big") % max(1, round(self.interval_s * 1000))
        return place - place % _PLACE_MS


def discovered_labels(job: Job, group: TargetGroup, own: Mapping[str, str]) -> LabelSet:
    """Before relabelling: the job's defaults, the group's labels, the target's own."""
    labels: LabelSet = {
        "job": job.name,
        _INTERVAL: str(PrometheusDuration(job.interval_s)),
        _TIMEOUT: str(PrometheusDuration(job.timeout_s)),
        _PATH: job.config.metrics_path,
        _SCHEME: job.config.scheme,
    }
    labels |= {f"{_PARAMETER}{name}": values[0] for name, values in job.config.params.items() if values}
    labels |= {name: value for name, value in group.labels.items() if value}
    return labels | {name: value for name, value in own.items() if value}


def made(job: Job, relabelling: Relabelling, discovered: LabelSet) -> Target | None:
    """None if relabelling dropped it. Raises BadTarget."""
    labels = dict(discovered)
    if not relabelling(labels):
        return None
    address = labels.get(ADDRESS, "")
    if not address:
        raise BadTarget("it has no address")
    if "/" in address:
        raise BadTarget(f"{address!r} is no host:port")
    interval, timeout = _seconds(labels, _INTERVAL), _seconds(labels, _TIMEOUT)
    if timeout > interval:
        raise BadTarget(f"its time-out ({labels[_TIMEOUT]}) is longer than its interval ({labels[_INTERVAL]})")
    url = _url(job, labels, address)
    labels.setdefault("instance", address)
    final = {name: value for name, value in labels.items() if not name.startswith("__")}
    return Target(discovered, final, url, interval, timeout)


def _seconds(labels: LabelSet, name: str) -> float:
    try:
        seconds = float(PrometheusDuration.parse(labels.get(name, "")))
    except ValueError as error:
        raise BadTarget(f"{name}: {error}") from None
    if not seconds:
        raise BadTarget(f"{name} must be above 0")
    return seconds


def _url(job: Job, labels: LabelSet, address: str) -> str:
    parameters = {name: list(values) for name, values in job.config.params.items()}
    for name, value in labels.items():
        if name.startswith(_PARAMETER):
            parameters.setdefault(name.removeprefix(_PARAMETER), [""])[:1] = [value]
    path = labels.get(_PATH, "")
    query = urlencode(sorted(parameters.items()), doseq=True)
    given = f"{labels.get(_SCHEME, 'http')}://{address}{path if path.startswith('/') or not path else '/' + path}"
    return f"{given}{'&' if '?' in path else '?'}{query}" if query else given
