"""`python -m bench [ROW…]`: start peer and Otelier in alternating rounds under the same load, print medians and ratios.

A row is void if what the sink received is not what was sent (items, and a digest over every span with its
resource and scope). Results go to bench/results/ with versions, configurations and all rounds.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from . import corpus, judged
from .loader import load
from .process import System
from .recording import recording
from .rows import ROOT, ROWS, Row

SPANS = 100_000
HEALTH = "http://127.0.0.1:13133/"


def main() -> int:
    options = judged.arguments("make bench", [row.name for row in ROWS], seconds=5)
    results = []
    for row in (row for row in ROWS if row.name in options.rows):
        rounds = judged.rounds(
            options,
            lambda command, row=row: _round(row, command, options.seconds),
            lambda name, result, row=row: f"  {row.name:10} {name:8} {_line(result)}",
        )
        if not options.only:
            results.append(_judge(row, rounds))
    if options.only:
        return 0
    about = {"rounds": options.rounds, "seconds": options.seconds}
    judged.save("pass-through", results, about | {"corpus": f"{SPANS} spans, version {corpus.VERSION}"})
    return int(any(not r["must_holds"] for r in results))


def _round(row: Row, command: list[str], seconds: float) -> dict[str, Any]:
    requests = corpus.corpus(SPANS, row.spans_a_request) if row.spans_a_request else recording(SPANS)
    sink = subprocess.Popen(
        [sys.executable, "-m", "bench.sink"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert sink.stdout is not None
    try:
        sink.stdout.readline()
        log = corpus.cache_folder() / f"{row.name}-{Path(command[0]).name}.log"
        with (
            tempfile.TemporaryDirectory(dir=corpus.cache_folder()) as queue_dir,
            System([*command, "--config", str(row.config)], {"QUEUE_DIR": queue_dir}, log) as system,
        ):
            system.wait_until_healthy(HEALTH)
            warm = load(row.protocol, row.port, requests, row.connections, 1.0)
            _drain(sink, warm["items"])
            before = system.cpu_seconds()
            sent = load(row.protocol, row.port, requests, row.connections, seconds, start=warm["requests"])
            totals = _drain(sink, warm["items"] + sent["items"])
            cpu = system.cpu_seconds() - before
            expected = judged.expected(
                requests, [a + b for a, b in zip(warm["accepted"], sent["accepted"], strict=True)]
            )
            return {
                "spans_per_cpu_second": sent["items"] / cpu,
                "spans_per_second": sent["items"] / sent["seconds"],
                "cpu_seconds": cpu,
                "peak_rss_mib": system.peak_rss_mib(),
                "p50_ms": sent["p50_ms"],
                "p99_ms": sent["p99_ms"],
                "repeated": sent["repeated"],
                "items": sent["items"],
                "sink_bytes": totals["bytes"],
                "exact": (totals["items"], totals["digest"]) == expected,
            }
    finally:
        assert sink.stdin is not None
        sink.stdin.close()
        sink.wait(10)


def _ask(sink: subprocess.Popen[str]) -> dict[str, int]:
    assert sink.stdin is not None and sink.stdout is not None
    sink.stdin.write("\n")
    sink.stdin.flush()
    return json.loads(sink.stdout.readline())


def _drain(sink: subprocess.Popen[str], items: int) -> dict[str, int]:
    """Wait until the sink has `items` or nothing new for 10 s."""
    best, changed = -1, time.monotonic()
    while True:
        totals = _ask(sink)
        if totals["items"] > best:
            best, changed = totals["items"], time.monotonic()
        if best >= items or time.monotonic() - changed > 10:
            return totals
        time.sleep(0.05)


def _judge(row: Row, rounds: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    figure = "peak_rss_mib" if row.lower_is_better else "spans_per_cpu_second"
    medians = {name: judged.medians(runs) for name, runs in rounds.items()}
    ratio = medians["otelier"][figure] / medians["otelcol"][figure]
    exact = all(r["exact"] for rs in rounds.values() for r in rs)
    holds = exact and (ratio <= row.must if row.lower_is_better else ratio >= row.must)
    word = "void: sink ≠ sent" if not exact else "must holds" if holds else "must MISSED"
    owed = f"(must {row.must:g}, aim {row.aim:g})"
    print(f"{row.name:10} {figure}: {ratio:.2f} times the peer {owed}: {word}", flush=True)
    return {
        "row": row.name, "figure": figure, "ratio": ratio, "must": row.must, "aim": row.aim, "exact": exact,
        "must_holds": holds, "medians": medians, "rounds": rounds,
        "spans_a_request": row.spans_a_request, "connections": row.connections,
        "config": row.config.read_text(),
    }  # fmt: skip


def _line(result: dict[str, Any]) -> str:
    return (
        f"{result['spans_per_cpu_second']:>11,.0f} spans/CPU-s {result['spans_per_second']:>11,.0f} spans/s"
        f" {result['cpu_seconds']:6.2f} CPU-s {result['peak_rss_mib']:6.0f} MiB p99 {result['p99_ms']:7.1f} ms"
        f"{'' if result['exact'] else '  SINK ≠ SENT'}"
    )


if __name__ == "__main__":
    sys.exit(main())
