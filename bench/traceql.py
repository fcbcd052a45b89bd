"""`python -m bench.traceql [ROW…]`: Tempo's API over a store of the corpus, as Grafana asks it.

Of the corpus's traces 5 % are split. Each row has a fresh process and cold caches, and parameters drawn anew for each
run; no answer is kept. CPU seconds are those of all processes, wall times those of a client on this machine. A row says
how many spans were looked at: none where roll-ups answered, and each of these rows stands a second time with a filter
that no roll-up serves. `--spans` says how many are stored: they stream from a file of half a million, so memory does
not grow with them. Results go to bench/results/, and say how each row grew since the last result with fewer spans.
"""

import argparse
import json
import random
import shutil
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import corpus
from .loader import load
from .questions import Questions
from .rows import ROOT
from .store import disk_usage, drop_caches, request_file, serve
from .traceql_rows import Answer, Row, rows

_RUNS = 20
_RESULTS = ROOT / "bench" / "results"
_LOAD_SPANS_PER_SECOND = 20_000
"""A machine that takes fewer is not waited for."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.traceql")
    parser.add_argument("rows", nargs="*", help="their names; else all")
    parser.add_argument("--spans", type=int, default=5_000_000)
    parser.add_argument("--data", type=Path, help="a data directory that is filled, with how many requests in `sent`")
    parser.add_argument("--keep", action="store_true", help="leave the folder, and use the one that is there")
    options = parser.parse_args()
    folder: Path = options.data or corpus.cache_folder() / f"traceql-{options.spans}"
    sent = int((folder / "sent").read_text()) if (folder / "sent").exists() else _fill(folder, options.spans)
    known = rows(Questions(request_file(), sent), random.Random())
    if unknown := [name for name in options.rows if name not in known]:
        sys.exit(f"no row is called {unknown[0]!r}; there are: {', '.join(known)}")
    results: dict[str, Any] = {"spans": 512 * sent, "bytes_per_span": disk_usage(folder) / (512 * sent), "rows": {}}
    for name in options.rows or known:
        results["rows"][name] = _timed(folder, name, known[name])
    _tell_growth(results)
    path = _RESULTS / f"{datetime.now(UTC):%Y-%m-%d}-traceql-{options.spans}.json"
    path.write_text(json.dumps(results, indent=1) + "\n")
    if not (options.keep or options.data):
        shutil.rmtree(folder)
    return int(any(row["p50_ms"] > known[name].must > 0 for name, row in results["rows"].items()))


def _fill(folder: Path, spans: int) -> int:
    """How many requests were sent: the file's again and again, each time with other ids, a minute later."""
    shutil.rmtree(folder, ignore_errors=True)
    with serve(folder) as system:
        seconds = 60 + spans / _LOAD_SPANS_PER_SECOND
        sent = load("grpc", 4317, request_file(), 16, seconds, requests=spans // 512 + 1, unique=True)
        peak = system.peak_rss_mib()
        system.stop()
    print(f"stored {sent['items']:,} spans in {sent['seconds']:.0f} s, at most {peak:.0f} MiB of memory", flush=True)
    (folder / "sent").write_text(str(sent["requests"]))
    return sent["requests"]


def _timed(folder: Path, name: str, row: Row) -> dict[str, Any]:
    cold = drop_caches()
    took: list[float] = []
    cpu: list[float] = []
    answers: list[Answer] = []
    with serve(folder) as system:
        system.wait_for_port(3200)
        for _ in range(_RUNS):
            cpu_s, wall_s = system.cpu_seconds(), time.perf_counter()
            answer = row.question.ask()
            took.append(1e3 * (time.perf_counter() - wall_s))
            cpu.append(1e3 * (system.cpu_seconds() - cpu_s))
            answers.append(row.question.read(json.loads(answer)))
        peak = system.peak_rss_mib()
    warm = sorted(took[1:])
    looked = max(each.looked for each in answers)
    figures: dict[str, Any] = {
        "p50_ms": statistics.median(warm),
        "p95_ms": warm[int(len(warm) * 0.95)],
        "first_ms": took[0],
        "tenth_ms": took[9],
        "cpu_ms": statistics.mean(cpu[1:]),
        "found": statistics.mean(each.found for each in answers),
        "peak_rss_mib": peak,
        "read": f"{looked:,} spans" if looked else "indexes and roll-ups",
        "caches_dropped": cold,
    }
    shown = " ".join(f"{key} {value:.1f}" for key, value in figures.items() if isinstance(value, float))
    verdict = "" if not row.must else ", holds" if figures["p50_ms"] <= row.must else f", MISSED (must {row.must:g})"
    print(f"{name:44} {shown}; read {figures['read']}{verdict}", flush=True)
    return figures


def _tell_growth(results: dict[str, Any]) -> None:
    """How often the time and memory of the last result with fewer spans."""
    for path in sorted(_RESULTS.glob("*-traceql-*.json"), reverse=True):
        before = json.loads(path.read_text())
        if before["spans"] < results["spans"] / 1.5:
            times = results["spans"] / before["spans"]
            for name, row in results["rows"].items():
                if earlier := before["rows"].get(name):
                    row["grew"] = {key: row[key] / earlier[key] for key in ("p50_ms", "cpu_ms", "peak_rss_mib")}
                    grew = ", ".join(f"{key} × {value:.2f}" for key, value in row["grew"].items())
                    print(f"{name:44} with {times:.1f} × the spans of {path.name}: {grew}", flush=True)
            return


if __name__ == "__main__":
    sys.exit(main())
