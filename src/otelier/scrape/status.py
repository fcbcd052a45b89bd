"""What the scraper knows, as the targets routes of Prometheus's API answer it."""

import socket
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from ..component import PrometheusDuration
from .config import Job
from .loops import Loop, relabellings
from .relabel import RelabelRule
from .scraper import Scraper
from .selector import fits, matchers

_LOCAL = ("localhost", "127.0.0.1", "::1")
_NEVER = "0001-01-01T00:00:00Z"
_ALWAYS_TOLD = ("separator", "regex", "replacement")


def targets(scraper: Scraper, state: str = "any", pool: str = "") -> dict[str, Any]:
    """`/api/v1/targets`. `state`: active, dropped or any."""
    pools = {name: each for name, each in scraper.pools().items() if pool in ("", name)}
    active = [
        _active(name, loop)
        for name, each in (pools.items() if state in ("active", "any") else ())
        for loop in sorted(each.active(), key=lambda loop: loop.target.url)
    ]
    dropped: list[dict[str, Any]] = []
    counts: dict[str, int] = {}
    for name, each in pools.items() if state in ("dropped", "any") else ():
        shown, counts[name] = each.dropped()
        dropped += [{"discoveredLabels": dict(one.discovered), "scrapePool": name} for one in shown]
    return {"activeTargets": active, "droppedTargets": dropped, "droppedTargetCounts": counts}


def _active(pool: str, loop: Loop) -> dict[str, Any]:
    target, state = loop.target, loop.state
    return {
        "discoveredLabels": dict(target.discovered),
        "labels": dict(target.labels),
        "scrapePool": pool,
        "scrapeUrl": target.url,
        "globalUrl": _global_url(target.url),
        "lastError": state.error,
        "lastScrape": _moment(state.at_ns),
        "lastScrapeDuration": state.took_s,
        "health": state.health,
        "scrapeInterval": str(PrometheusDuration(target.interval_s)),
        "scrapeTimeout": str(PrometheusDuration(target.timeout_s)),
    }


def scrape_pools(scraper: Scraper) -> dict[str, Any]:
    """`/api/v1/scrape_pools`."""
    return {"scrapePools": list(scraper.pools())}


def target_metadata(scraper: Scraper, matching: str, metric: str, limit: int) -> list[dict[str, Any]]:
    """`/api/v1/targets/metadata`; `limit` below 0 is none. Raises ValueError for what is no selector of labels."""
    wanted = fits(matchers(matching)) if matching.strip() else fits([])
    found: list[dict[str, Any]] = []
    for pool in scraper.pools().values():
        for loop in pool.active():
            if not wanted(loop.target.labels):
                continue
            for family, kind, help_, unit in loop.series.metadata():
                if 0 <= limit <= len(found):
                    return found
                if metric in ("", family):
                    entry = {"target": dict(loop.target.labels), "type": kind, "help": help_, "unit": unit}
                    found.append(entry if metric else entry | {"metric": family})
    return found


def relabel_steps(job: Job, labels: Mapping[str, str]) -> dict[str, Any]:
    """`/api/v1/targets/relabel_steps`: what each of the job's rules for targets makes of a target's labels."""
    given = {name: value for name, value in labels.items() if value}
    steps = relabellings(job)["targets"].explained(given)
    return {"steps": [{"rule": _shown(rule), "output": output, "keep": kept} for rule, kept, output in steps]}


def _shown(rule: RelabelRule) -> dict[str, Any]:
    return {key: value for key, value in msgspec.structs.asdict(rule).items() if value or key in _ALWAYS_TOLD}


def _global_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.hostname not in _LOCAL:
        return url
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=socket.gethostname() + port))


def _moment(ns: int) -> str:
    if not ns:
        return _NEVER
    seconds, rest = divmod(ns, 1_000_000_000)
    shown = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")  # noqa: UP017
    return f"{shown}.{rest:09}".rstrip("0").rstrip(".") + "Z"
