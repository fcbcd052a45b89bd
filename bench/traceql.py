"""`python -m bench.traceql DIRECTORY [SPANS]`: TraceQL over a store in this process, CPU and wall milliseconds a query.

A directory that isn't there is filled with the corpus in time order first, 5 % of its traces split. Parameters are
drawn anew for each run.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from otelier.component import Meter, SystemClock
from otelier.query.gate import Gate
from otelier.query.snapshot import Snapshot
from otelier.query.traceql.engine import TraceQL
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.telemetry import Batch

from . import corpus

_RUNS = 10
_FLUSH_REQUESTS = 730


def fill(directory: Path, spans: int) -> None:
    """As the all-in-one does it, without the network."""
    engine = open_store(StoreSettings(data_dir=str(directory)), SystemClock(), Meter())
    for number, (request, _) in enumerate(corpus.read(corpus.corpus(spans, 512, in_time_order=True)), 1):
        engine.append("default", Batch.from_otlp("traces", request))
        if number % _FLUSH_REQUESTS == 0:
            engine.flush(everything=True)
    engine.flush(everything=True)
    while engine.compact():
        pass
    close_store(engine)


def main() -> None:
    directory, spans = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500_000
    if not directory.exists():
        fill(directory, spans)
    traceql = TraceQL(Snapshot(directory), Gate(1, 0))
    rng = random.Random()

    def search(query: Callable[[], str], limit: int = 20) -> Callable[[], int]:
        return lambda: len(traceql.search("default", query(), start_ns=0, end_ns=0, limit=limit).traces)

    def service() -> str:
        return f"service-{rng.randrange(corpus.SERVICES):02}"

    def slow() -> int:
        return rng.randrange(400, 500)

    rows: dict[str, Callable[[], int]] = {
        "all, newest 20": search(lambda: "{ }"),
        "service, duration, error": search(
            lambda: f'{{ resource.service.name = "{service()}" && duration > 1ms && status = error }}'
        ),
        "service, duration, error: rare": search(
            lambda: f'{{ resource.service.name = "{service()}" && duration > {slow()}ms && status = error }}'
        ),
        "structural, newest 20": search(lambda: f'{{ resource.service.name = "{service()}" }} >> {{ status = error }}'),
        "structural, all (10 000)": search(
            lambda: f'{{ resource.service.name = "{service()}" }} >> {{ status = error }}', 10_000
        ),
        "by service, count": search(lambda: "{ status = error } | by(resource.service.name) | count() > 1"),
        "count, rare": search(lambda: f"{{ status = error }} | count() > {rng.randrange(20, 30)}"),
        "sorted by duration": search(lambda: "{ status = error } | sort(duration desc)"),
        "without": search(lambda: f'!{{ resource.service.name = "{service()}" }}'),
        "calculated": search(lambda: f"{{ duration * 2 > {2 * slow()}ms }}"),
    }
    for name, ask in rows.items():
        cpu, wall, found = [], [], 0
        for _ in range(_RUNS):
            cpu_begin, wall_begin = time.process_time(), time.perf_counter()
            found = ask()
            cpu.append((time.process_time() - cpu_begin) * 1000)
            wall.append((time.perf_counter() - wall_begin) * 1000)
        median, most = statistics.median(cpu[1:]), max(cpu[1:])
        print(
            f"{name:35} found {found:6}  CPU ms: first {cpu[0]:7.1f}, median {median:7.1f}, most {most:7.1f}", end="  "
        )
        print(f"wall ms {statistics.median(wall[1:]):7.1f}")


if __name__ == "__main__":
    main()
