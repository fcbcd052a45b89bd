"""What changed between versions of the Collector in how policies decide, and which version is followed.

The newest rules are the default. With `compat: 0.149.0` policies decide as that version did by default.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

Version: TypeAlias = tuple[int, int]
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that differ; each is true for the newest."""

    plain_inversion: bool = True
    latency_above_threshold: bool = True
    rate_limiting_bucket: bool = True
    composite_shares: bool = True


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that a version of the Collector brought."""

    rule: str
    since: Version
    before: str
    after: str


CHANGES = (
    Change(
        "plain_inversion",
        (0, 144),
        "with `invert_match`, a trace that has the value is not sampled whatever other policies say",
        "with `invert_match`, a trace that has the value is merely not sampled by this policy; use `drop` for a veto",
    ),
    Change(
        "rate_limiting_bucket",
        (0, 153),
        "fewer than `spans_per_second` spans are sampled in each second",
        "`spans_per_second` fill a bucket of `burst_capacity` spans, twice as many by default",
    ),
    Change(
        "latency_above_threshold",
        (0, 157),
        "without `upper_threshold_ms`, a trace of exactly `threshold_ms` is sampled",
        "a trace of exactly `threshold_ms` is not sampled",
    ),
    Change(
        "composite_shares",
        (0, 158),
        "a policy without an entry in `rate_allocation` never samples",
        "a policy without an entry in `rate_allocation` gets an equal share of `max_total_spans_per_second`",
    ),
)
"""In the order of versions."""


def parse_version(text: str) -> Version | None:
    """Of `0.149.0`, `v0.149` and their like; None if it is none."""
    found = _VERSION.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def rules_of(compat: str) -> Rules:
    """The rules of a version; empty means the newest. Raises ValueError for what isn't a version."""
    if not compat:
        return Rules()
    version = parse_version(compat)
    if version is None:
        raise ValueError(f"not a version of the Collector: {compat!r}; write one such as 0.149.0")
    return Rules(**{change.rule: version >= change.since for change in CHANGES})
