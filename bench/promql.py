"""`python -m bench.promql`: PromQL's engine over series in memory, CPU milliseconds a query, the best of five.

Series are an hour at 15 s, asked at 241 steps or at the last moment; of some counters a tenth is reset halfway, some
are scattered over 50 groups. Storage, HTTP and JSON are not in these numbers.
"""

import time
from collections.abc import Sequence

import numpy as np

from otelier.query.promql import Engine, Group, Options
from otelier.query.promql.ast import Matcher
from otelier.query.promql.labels import labels_of

STEP_MS = 15_000
SCRAPES = 261
RUNS = 5
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf")
RANGES = (
    "sum by (job) (rate(counter[5m]))",
    "sum by (job) (rate(reset[5m]))",
    "sum by (job) (rate(scattered[5m]))",
    "rate(counter[5m])",
    "histogram_quantile(0.95, rate(bucket[5m]))",
    "histogram_quantile(0.95, sum by (le) (rate(bucket[5m])))",
    "avg_over_time(gauge[5m])",
    "topk(10, gauge)",
    "counter / counter",
)
INSTANTS = ("counter", "sum by (job) (rate(counter[5m]))")


class Held:
    """Groups of series by the name of their metric."""

    def __init__(self, groups: dict[str, list[Group]]) -> None:
        self._groups = groups

    def select(self, matchers: Sequence[Matcher], _start_ms: int, _end_ms: int) -> list[Group]:
        return self._groups[matchers[0].value]


def main() -> None:
    engine = Engine(Held(_series(np.random.default_rng(1))), Options(), time.monotonic)
    end = (SCRAPES - 1) * STEP_MS
    for query in RANGES:
        _timed(query, lambda q=query: engine.range(q, end - 3_600_000, end, STEP_MS))
    for query in INSTANTS:
        _timed(f"{query}, one moment", lambda q=query: engine.instant(q, end))


def _series(rng: np.random.Generator) -> dict[str, list[Group]]:
    times = np.arange(SCRAPES, dtype=np.int64) * STEP_MS
    counters = np.cumsum(rng.integers(0, 50, (SCRAPES, 10_000)).astype(np.float64), axis=0)
    resets = counters.copy()
    resets[SCRAPES // 2 :, ::10] -= counters[SCRAPES // 2 - 1, ::10]
    grown = rng.integers(0, 20, (SCRAPES, 500, len(BUCKETS))).astype(np.float64)
    buckets = np.cumsum(np.cumsum(grown, axis=2), axis=0).reshape(SCRAPES, -1)
    return {
        "counter": [Group(_labels("counter", 10_000), times, counters)],
        "reset": [Group(_labels("reset", 10_000), times, resets)],
        "scattered": [
            Group(_labels("scattered", 10_000)[at::50], times + at * 7, np.ascontiguousarray(counters[:, at::50]))
            for at in range(50)
        ],
        "bucket": [Group(_labels("bucket", 500, BUCKETS), times, buckets)],
        "gauge": [Group(_labels("gauge", 2_000), times, rng.normal(50, 10, (SCRAPES, 2_000)))],
    }


def _labels(name: str, number: int, bounds: Sequence[str] = ("",)) -> list[tuple[tuple[str, str], ...]]:
    return [
        labels_of({"__name__": name, "job": f"job-{at % 5}", "instance": f"instance-{at}", "le": le}.items())
        for at in range(number)
        for le in bounds
    ]


def _timed(name: str, query: object) -> None:
    assert callable(query)
    spent: list[float] = []
    for _ in range(RUNS):
        start = time.process_time()
        query()
        spent.append(time.process_time() - start)
    print(f"{min(spent) * 1000:8.1f}  {name}")


if __name__ == "__main__":
    main()
