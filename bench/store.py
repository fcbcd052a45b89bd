"""`python -m bench.store [ROW…]`: the all-in-one under load and under questions, from outside, as its users meet it.

CPU seconds are those of all its processes; wall times those of a client on this machine. Parameters of questions are
drawn anew for each run, nothing is asked twice. Results go to bench/results/.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import corpus
from .loader import load
from .process import System
from .questions import Questions
from .rows import ROOT

CORPUS_SPANS = 500_000
LOG_REQUESTS = 730
"""Make 256 MiB of log."""
HEALTH = "http://127.0.0.1:13133/"
OTELIER = str(Path(sys.executable).with_name("otelier"))

MUSTS = {
    "ingest.spans_per_cpu_second": (120_000, 200_000),
    "ingest.bytes_per_span": (100, 80),
    "trace.p50_ms": (6, 3),
    "frequent.p50_ms": (12, 6),
    "rare.p50_ms": (50, 20),
    "restart.writes_s": (1, 0.5),
    "restart.readable_s": (6, 3),
    "readers.share": (0.7, 0.9),
    "readers.reads_slower": (2, 1.5),
    "keys.slower": (1.2, 1.0),
}
"""What we owe and where we want to be; for rates and shares more is better, else less."""
_MORE_IS_BETTER = {"ingest.spans_per_cpu_second", "readers.share"}


def main() -> int:
    rows: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
        "ingest": _ingest, "queries": _queries, "restart": _restart, "readers": _readers, "keys": _keys,
    }  # fmt: skip
    parser = argparse.ArgumentParser(prog="python -m bench.store")
    parser.add_argument("rows", nargs="*", default=list(rows), help=", ".join(rows))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--spans", type=int, default=5_000_000, help="stored before questions are asked")
    parser.add_argument("--keep", action="store_true", help="leave the data directories")
    options = parser.parse_args()
    results = {name: rows[name](options) for name in options.rows}
    _save(results)
    return int(not all(list(_verdicts(results))))


def _ingest(options: argparse.Namespace) -> dict[str, Any]:
    """Under full load: from OTLP to acknowledged, flushed and catalogued, stop included."""
    folder = _fresh("ingest")
    requests = request_file()
    with serve(folder) as system:
        before = system.cpu_seconds()
        sent = load("grpc", 4317, requests, 16, options.seconds, unique=True)
        peak = system.peak_rss_mib()
        system.stop()
        cpu = system.cpu_seconds_in_all() - before
    stored = sum(held["items"] for held in _info(folder)["holdings"])
    assert stored == sent["items"], f"sent {sent['items']}, stored {stored}"
    size = disk_usage(folder)
    _drop(folder, options)
    return {
        "spans_per_cpu_second": sent["items"] / cpu,
        "spans_per_second": sent["items"] / sent["seconds"],
        "bytes_per_span": size / sent["items"],
        "spans": sent["items"],
        "cpu_seconds": cpu,
        "peak_rss_mib": peak,
        "p50_ms": sent["p50_ms"],
        "p99_ms": sent["p99_ms"],
    }


def _queries(options: argparse.Namespace) -> dict[str, Any]:
    folder = _fresh("queries")
    requests = request_file()
    with serve(folder) as system:
        count = options.spans // 512 + 1
        sent = load("grpc", 4317, requests, 16, 600, requests=count, unique=True)
        system.stop()
    answer: dict[str, Any] = {"spans": sent["items"], "bytes_per_span": disk_usage(folder) / sent["items"]}
    questions = Questions(requests, sent["requests"])
    for name, ask in questions.all().items():
        answer[name] = _timed(folder, name, ask)
    _drop(folder, options)
    return answer


def _timed(folder: Path, name: str, ask: Callable[[], int], times: int = 50) -> dict[str, Any]:
    """A fresh process with cold caches; `ask` draws its own parameters and answers how many results came."""
    cold = drop_caches()
    with serve(folder) as system:
        took: list[float] = []
        results = 0
        for number in range(times):
            if number == 1:
                before = system.cpu_seconds()
            began = time.perf_counter()
            results += ask()
            took.append((time.perf_counter() - began) * 1e3)
        cpu_ms = (system.cpu_seconds() - before) * 1e3 / (times - 1)
    warm = sorted(took[1:])
    figures = {
        "p50_ms": statistics.median(warm),
        "p95_ms": warm[int(len(warm) * 0.95)],
        "first_ms": took[0],
        "tenth_ms": took[9],
        "cpu_ms": cpu_ms,
        "results": results / times,
        "caches_dropped": cold,
    }
    print(f"  {name:22} " + " ".join(f"{key}={value:.2f}" for key, value in figures.items()), flush=True)
    return figures


def _restart(options: argparse.Namespace) -> dict[str, Any]:
    """Kill -9 with a quarter of a GiB of log; the time until writes are taken, and until all is found again."""
    folder = _fresh("restart")
    requests = request_file()
    with serve(folder, config=ROOT / "bench" / "configs" / "log-only.yaml") as system:
        sent = load("grpc", 4317, requests, 16, 60, requests=LOG_REQUESTS, unique=True)
        system.kill()
    log_bytes = sum(file.stat().st_size for file in (folder / "log").iterdir())
    questions = Questions(requests, sent["requests"])
    began = time.monotonic()
    with serve(folder, wait=False) as system:
        system.wait_for_port(4317)
        writes_s = time.monotonic() - began
        system.wait_for_port(16686)
        while not questions.all_found():
            time.sleep(0.02)
        readable_s = time.monotonic() - began
    _drop(folder, options)
    return {"writes_s": writes_s, "readable_s": readable_s, "log_mib": log_bytes / 2**20, "spans": sent["items"]}


def _readers(options: argparse.Namespace) -> dict[str, Any]:
    """Ingest alone, four readers alone that ask one question after the other, then both."""
    folder = _fresh("readers")
    requests = request_file()
    with serve(folder):
        alone = load("grpc", 4317, requests, 16, options.seconds, unique=True)
        asks = Questions(requests, alone["requests"]).all()
        _read_for(1.0, asks)  # what was written last is flushed, and read once
        calm = _read_for(options.seconds, asks)
        read: list[dict[str, list[float]]] = []
        reading = threading.Thread(target=lambda: read.append(_read_for(options.seconds, asks)))
        reading.start()
        beside = load("grpc", 4317, requests, 16, options.seconds, start=alone["requests"], unique=True)
        reading.join()
    _drop(folder, options)
    rates = [one["items"] / one["seconds"] for one in (alone, beside)]
    p50_ms = {name: (statistics.median(calm[name]), statistics.median(read[0][name])) for name in asks}
    return {
        "share": rates[1] / rates[0],
        "alone_per_second": rates[0],
        "beside_per_second": rates[1],
        "asked": sum(map(len, read[0].values())),
        # Of a round of all questions.
        "reads_slower": sum(busy for _, busy in p50_ms.values()) / sum(calm for calm, _ in p50_ms.values()),
        "reads_slower_each": {name: busy / calm for name, (calm, busy) in p50_ms.items()},
    }


def _read_for(seconds: float, asks: dict[str, Callable[[], int]]) -> dict[str, list[float]]:
    """By question the milliseconds of each answer; four ask beside one another, each question at least once."""
    until = time.monotonic() + seconds
    took: dict[str, list[float]] = {name: [] for name in asks}

    def read() -> None:
        number = 0
        while time.monotonic() < until or number < len(asks):
            name = list(asks)[number % len(asks)]
            began = time.perf_counter()
            asks[name]()
            took[name].append(1e3 * (time.perf_counter() - began))
            number += 1

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return took


def _keys(options: argparse.Namespace) -> dict[str, Any]:
    """What questions about others cost, before and after one service has sent 20 000 distinct attribute keys."""
    requests = request_file()
    costs: list[dict[str, float]] = []
    for name, noise in (("calm", 0), ("noisy", 20_000)):
        folder = _fresh(name)
        with serve(folder) as system:
            sent = load("grpc", 4317, requests, 16, 600, requests=options.spans // 10 // 512, unique=True)
            if noise:
                load("grpc", 4317, corpus.many_keys(noise), 4, 600, requests=noise * 5 // 512)
            system.stop()
        questions = Questions(requests, sent["requests"]).all()
        asked = ("trace", "frequent", "rare", "attribute")
        costs.append({each: _timed(folder, f"{name} {each}", questions[each])["cpu_ms"] for each in asked})
        _drop(folder, options)
    slower = {each: costs[1][each] / costs[0][each] for each in costs[0]}
    return {"slower": max(slower.values()), **{f"{each}_slower": ratio for each, ratio in slower.items()}}


# -- the system and its folder ----------------------------------------------------------------


def serve(folder: Path, *, config: Path | None = None, wait: bool = True) -> System:
    """The all-in-one over a data directory."""
    command = [OTELIER, "run", "--config", str(config)] if config else [OTELIER]
    system = System(command, {"OTELIER_DATA_DIR": str(folder)}, corpus.cache_folder() / "store.log")
    if wait:
        system.wait_until_healthy(HEALTH)
        system.wait_for_port(16686)
    return system


def request_file() -> Path:
    """What is sent again and again."""
    return corpus.corpus(CORPUS_SPANS, 512, in_time_order=True)


def _fresh(name: str) -> Path:
    folder = corpus.cache_folder() / f"data-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _drop(folder: Path, options: argparse.Namespace) -> None:
    if not options.keep:
        shutil.rmtree(folder)


def _info(folder: Path) -> dict[str, Any]:
    done = subprocess.run([OTELIER, "data", "info", "--json", "--data-dir", folder], capture_output=True, check=True)
    return json.loads(done.stdout)


def disk_usage(folder: Path) -> int:
    """Bytes, as `du` counts them."""
    done = subprocess.run(["du", "-sB1", folder], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[0])


def drop_caches() -> bool:
    """Whether the kernel let go of its page cache (only root may ask for it)."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


# -- verdicts ---------------------------------------------------------------------------------


def _verdicts(results: dict[str, Any]) -> Iterator[bool]:
    for name, (must, aim) in MUSTS.items():
        value = _lookup(results, name)
        if value is None:
            continue
        holds = value >= must if name in _MORE_IS_BETTER else value <= must
        print(f"{name:30} {value:12,.2f} (must {must:g}, aim {aim:g}): {'holds' if holds else 'MISSED'}", flush=True)
        yield holds


def _lookup(results: dict[str, Any], name: str) -> float | None:
    row, key = name.split(".")
    found = results.get(row) or results.get("queries", {}).get(row)
    return found.get(key) if found else None


def _save(results: dict[str, Any]) -> None:
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    record = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "corpus": f"{CORPUS_SPANS} spans in time order, version {corpus.VERSION}",
        "rows": results,
    }
    path = ROOT / "bench" / "results" / f"{datetime.now(UTC):%Y-%m-%d}-store.json"
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"saved {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
