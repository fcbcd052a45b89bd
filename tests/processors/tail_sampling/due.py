"""Traces that are due, from a few words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from otelier.processors.tail_sampling.policy import Matcher
from otelier.processors.tail_sampling.rows import Rows
from otelier.telemetry import Batch
from otelier.testing import trace_id

START_NS = 1_700_000_000 * 10**9


@dataclass(frozen=True)
class Due:
    """One trace, as policies see it."""

    number: int = 1
    took_ns: int = 10**6
    spans: int = 1
    size_bytes: int = 200
    status_codes: int = 0b001
    flags: int = 0
    found: Mapping[Matcher, bool] = field(default_factory=dict)
    start_ns: int = START_NS


def rows(due: Sequence[Due], matchers: Sequence[Matcher] = ()) -> Rows:
    def batch(row: int) -> Batch:
        raise AssertionError(f"no policy here looks at the spans of row {row}")

    return Rows(
        trace_ids=b"".join(trace_id(each.number) for each in due),
        first_start_ns=np.array([each.start_ns for each in due], np.uint64),
        last_end_ns=np.array([each.start_ns + each.took_ns for each in due], np.uint64),
        spans=np.array([each.spans for each in due], np.int64),
        size_bytes=np.array([each.size_bytes for each in due], np.int64),
        status_codes=np.array([each.status_codes for each in due], np.uint8),
        flags=np.array([each.flags for each in due], np.uint32),
        matches=np.array([[each.found.get(m, False) for each in due] for m in matchers], np.bool_).reshape(
            len(matchers), len(due)
        ),
        batch=batch,
    )
