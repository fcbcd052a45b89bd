"""What the small examples can't reach: several row groups and threads, late parts, spans twice, very many values."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from otelier.query.gate import Gate
from otelier.query.traceql import read
from otelier.query.traceql.engine import TraceQL
from otelier.query.traceql.limits import Limits
from otelier.query.traceql.metrics import Steps
from otelier.testing.telemetry import START_NS

from . import oracle
from .decoded import traces
from .large import HOUR, Queries, S, batch, spans
from .metrics.plain import expected, key
from .stored import Store

_SPANS = 70_000
_QUESTIONS = 40
_REQUEST = 4_000
_LIMITS = Limits(time_s=600, traces=100_000, series=1_000_000)
_WINDOWS = [(0, 2**64 - 1), (START_NS + HOUR // 6, START_NS + HOUR // 3), (START_NS + 3000 * S, START_NS + 3010 * S)]
_RANGES = [
    (START_NS - 1, START_NS + HOUR + 60 * S, 60 * S),
    (START_NS, START_NS + HOUR, 300 * S),
    (START_NS - S, START_NS + 4000 * S, 4001 * S),
]

pytestmark = pytest.mark.slow


class Large:
    """A store, and what is in it."""

    def __init__(self, directory: Path, seed: int, *, late_in_log: bool, merged: bool) -> None:
        self.rng = random.Random(seed)
        made = spans(self.rng, _SPANS)
        late = {each for each in range(len(made)) if self.rng.random() < 0.03}
        first = [each for number, each in enumerate(made) if number not in late]
        again = [self.rng.choice(first) for _ in range(200)]
        parts = [first[at : at + _REQUEST] for at in range(0, len(first), _REQUEST)]
        parts.append([made[number] for number in sorted(late)] + again)
        sent = [batch(part) for part in parts]
        flushes = [number % 9 == 8 or number == len(sent) - 2 for number in range(len(sent))]
        flushes[-1] = not late_in_log
        self._store = Store(directory)
        self.tenant = self._store.keep(sent, (flushes, merged))
        self.decoded = traces(sent)
        self.queries = Queries(self.rng, made)
        self.engine = TraceQL(self._store.snapshot, Gate(1, 0), _LIMITS)

    def close(self) -> None:
        self._store.close()


@pytest.fixture(
    scope="module",
    params=[(1, True, False), (2, False, False), (3, False, True)],
    ids=["late parts in the log", "in segments", "merged"],
)
def large(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    seed, late_in_log, merged = request.param
    large = Large(tmp_path_factory.mktemp("data"), seed, late_in_log=late_in_log, merged=merged)
    yield large
    large.close()


def test_searches_find_what_the_oracle_finds(large: Large):
    for _ in range(_QUESTIONS):
        query, (start_ns, end_ns) = large.queries.search(), large.rng.choice(_WINDOWS)
        wanted = oracle.search(read(query).root, large.decoded, start_ns, end_ns)
        answer = large.engine.search(
            large.tenant, query, start_ns=start_ns, end_ns=end_ns, limit=100_000, spans_per_spanset=10**6
        )
        found = {each.trace_id: _spans(each.spansets) for each in answer.traces}
        assert found == {trace_id: _spans(spansets) for trace_id, spansets in wanted.items()}, query
        newest = large.engine.search(
            large.tenant, query, start_ns=start_ns, end_ns=end_ns, limit=20, spans_per_spanset=3
        )
        assert [each.trace_id for each in newest.traces] == _newest(wanted)[:20], query


def test_metrics_are_what_a_loop_measures(large: Large):
    for _ in range(_QUESTIONS):
        query, times = large.queries.metrics(), large.rng.choice(_RANGES)
        wanted = expected(read(query).root, large.decoded, Steps.over(*times))
        start_ns, end_ns, step_ns = times
        answer = large.engine.metrics(large.tenant, query, start_ns=start_ns, end_ns=end_ns, step_ns=step_ns)
        found = {key(each): each.values for each in answer.series}
        assert found.keys() == wanted.keys(), query
        tolerance = 0.011 if "quantile" in query else 1e-9
        for labels, values in found.items():
            np.testing.assert_allclose(values, wanted[labels], rtol=tolerance, equal_nan=True, err_msg=query)


def _spans(spansets) -> list[list[tuple[int, bytes]]]:
    return sorted(sorted((each.start_ns, each.span_id) for each in spanset.spans) for spanset in spansets)


def _newest(found) -> list[bytes]:
    """Traces by the start of their newest span that is found."""

    def start(trace_id: bytes) -> tuple[int, bytes]:
        return max(each.start_ns for spanset in found[trace_id] for each in spanset.spans), trace_id

    return sorted(found, key=start, reverse=True)
