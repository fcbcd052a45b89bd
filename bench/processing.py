"""`python -m bench.processing [ROW…]`: what a collector does with spans, Otelier and the Go collector in turn.

A round is void if what arrived is not what a right pipeline puts out of what was sent (bench/facts.py). Where the rate
is given, both get the same load, and only CPU and memory are compared. Results go to bench/results/.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from . import corpus, facts, judged
from .layers import runnable
from .loader import load
from .process import System
from .rows import ROOT, SHARED

HEALTH = "http://127.0.0.1:13133/"
SPANS = 400_000
SPANS_A_TRACE = 20
QUIET_S = 3.0


@dataclass(frozen=True)
class Row:
    """Times the Go collector's spans per CPU-second, and its peak memory, of which we may use a share."""

    name: str
    config: str
    """A file of the shared peers' configurations, or the name of a layer's."""
    must: float
    aim: float
    memory: float
    """Most of the peer's peak memory; above 10, in MiB."""
    checks: Literal["same", "filtered", "kept", "quiet", "calls"]
    traces_a_second: int = 0
    """0: as many as it takes."""
    settle_s: float = 0
    """How long decisions take after the last span."""
    slow_ms: int = 1000
    percent: float = 10
    slow_span_ms: int = 0

    def file(self, folder: Path) -> Path:
        if self.config.endswith(".yaml"):
            return SHARED / "peers" / "configs" / self.config
        return runnable(self.config, folder)


ROWS = [
    Row("processors", "c-transform.yaml", 4, 6, 1, "filtered"),
    Row("spanmetrics", "d-spanmetrics.yaml", 5, 7, 1, "same", settle_s=11),
    Row("tail", "e-tail.yaml", 6, 10, 1 / 3, "kept", traces_a_second=1_000, settle_s=7),
    Row("tail-10k", "e-tail.yaml", 1, 1, 1200, "kept", traces_a_second=10_000, settle_s=7),
    Row("loadbalancing", "f-loadbalancing.yaml", 5, 8, 1, "same"),
    Row("layer1", "layer1-loadbalancing", 4, 6, 1, "quiet", traces_a_second=1_000, settle_s=9),
    Row("layer2-spanmetrics", "layer2-spanmetrics", 4, 6, 1, "calls", traces_a_second=2_000, settle_s=32),
    Row("layer2-tail", "layer2-tailsampling", 4, 6, 1, "kept", 1_000, 33, slow_ms=500, percent=5),
    Row(
        "layer2-services",
        "layer2-tailsampling-services",
        4,
        6,
        1,
        "kept",
        1_000,
        13,
        slow_ms=3000,
        percent=5,
        slow_span_ms=1000,
    ),
]


class FarEnd:
    """The sinks, in a process of their own."""

    def __enter__(self) -> "FarEnd":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.far_end"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)

    def ask(self, what: str = "totals") -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def settled(self, at_least_s: float) -> dict[str, Any]:
        """Totals once nothing new has come for a while."""
        time.sleep(at_least_s)
        totals, changed = self.ask(), time.monotonic()
        while time.monotonic() - changed < QUIET_S:
            time.sleep(0.2)
            if (newer := self.ask()) != totals:
                totals, changed = newer, time.monotonic()
        return totals


def main() -> int:
    options = judged.arguments("python -m bench.processing", [row.name for row in ROWS], seconds=8)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for row in (row for row in ROWS if row.name in options.rows):
            config = row.file(Path(folder))
            rounds = judged.rounds(
                options,
                lambda command, row=row, config=config: _round(row, config, command, options.seconds),
                lambda name, result, row=row: f"  {row.name:18} {name:8} {_line(result)}",
            )
            if not options.only:
                results.append(_judge(row, config, rounds))
    if results:
        judged.save(
            "processing", results, {"rounds": options.rounds, "seconds": options.seconds, "corpus": _corpus().name}
        )
    return int(any(not each["must_holds"] for each in results))


def _corpus() -> Path:
    return corpus.production(SPANS, 512)


def _round(row: Row, config: Path, command: list[str], seconds: float) -> dict[str, Any]:
    requests = _corpus()
    log = corpus.cache_folder() / f"{row.name}-{Path(command[0]).name}.log"
    rate = row.traces_a_second * SPANS_A_TRACE / 512
    paced: dict[str, Any] = {"unique": True, "rate": rate} if rate else {}
    with FarEnd() as far, System([*command, "--config", str(config)], _ENVIRONMENT, log) as system:
        system.wait_until_healthy(HEALTH)
        warm = load("grpc", 4317, requests, 16, 1.0, **paced)
        if not rate:
            far.settled(0)
        before = system.cpu_seconds()
        sent = load("grpc", 4317, requests, 16, seconds, start=warm["requests"], **paced)
        totals = far.settled(row.settle_s)
        cpu = system.cpu_seconds() - before
        accepted = [a + b for a, b in zip(warm["accepted"], sent["accepted"], strict=True)]
        exact, detail = _CHECKS[row.checks](row, far, totals, accepted, warm["requests"] + sent["requests"])
        return {
            "spans_per_cpu_second": sent["items"] / cpu,
            "spans_per_second": sent["items"] / sent["seconds"],
            "offered_per_second": rate * 512,
            "cpu_seconds": cpu,
            "peak_rss_mib": system.peak_rss_mib(),
            "p50_ms": sent["p50_ms"],
            "p99_ms": sent["p99_ms"],
            "items": sent["items"],
            "repeated": sent["repeated"],
            "exact": exact,
            "detail": detail,
        }


_ENVIRONMENT = {"MY_POD_IP": "127.0.0.1"}
_Check = Callable[[Row, FarEnd, dict[str, Any], list[int], int], tuple[bool, str]]


def _same(row: Row, far: FarEnd, totals: dict[str, Any], accepted: list[int], requests: int) -> tuple[bool, str]:
    items, digest = judged.expected(_corpus(), accepted)
    exact = (totals["items"], totals["digest"]) == (items, digest)
    if row.name == "spanmetrics":
        return exact and totals["calls"] == items, f"{totals['calls']:.0f} calls of {items}"
    owners = [set(traces) for traces in far.ask("traces")]
    split = sum(map(len, owners)) - len(set().union(*owners))
    return exact and not split, f"{totals['items']} of {items}, {split} traces split"


def _filtered(row: Row, far: FarEnd, totals: dict[str, Any], accepted: list[int], requests: int) -> tuple[bool, str]:
    expected = facts.without_health_checks(_corpus(), accepted)
    return totals["items"] == expected, f"{totals['items']} of {expected}"


def _kept(row: Row, far: FarEnd, totals: dict[str, Any], accepted: list[int], requests: int) -> tuple[bool, str]:
    expected = facts.sampled(_corpus(), requests, row.slow_ms, row.percent, row.slow_span_ms)
    found: dict[str, int] = {}
    for traces in far.ask("traces"):
        found |= traces
    missing = sum(count - found.get(trace, 0) for trace, count in expected.items())
    more = sum(count for trace, count in found.items() if trace not in expected)
    return found == expected, f"{len(found)} traces, {missing} spans missing, {more} too many"


def _quiet(row: Row, far: FarEnd, totals: dict[str, Any], accepted: list[int], requests: int) -> tuple[bool, str]:
    expected = 2 * facts.quiet_spans(_corpus(), requests)
    return totals["items"] == expected, f"{totals['items']} of {expected}"


def _calls(row: Row, far: FarEnd, totals: dict[str, Any], accepted: list[int], requests: int) -> tuple[bool, str]:
    expected = facts.counted_calls(_corpus(), accepted)
    return totals["written_calls"] == expected, f"{totals['written_calls']:.0f} calls of {expected}"


_CHECKS: dict[str, _Check] = {
    "same": _same, "filtered": _filtered, "kept": _kept, "quiet": _quiet, "calls": _calls,
}  # fmt: skip


def _line(result: dict[str, Any]) -> str:
    return (
        f"{result['spans_per_cpu_second']:>11,.0f} spans/CPU-s {result['spans_per_second']:>9,.0f} spans/s"
        f" {result['cpu_seconds']:6.2f} CPU-s {result['peak_rss_mib']:6.0f} MiB p99 {result['p99_ms']:8.1f} ms"
        f"  {'' if result['exact'] else 'NOT EXACT: '}{result['detail']}"
    )


def _judge(row: Row, config: Path, rounds: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    medians = {name: judged.medians(runs) for name, runs in rounds.items()}
    ratio = medians["otelier"]["spans_per_cpu_second"] / medians["otelcol"]["spans_per_cpu_second"]
    memory = medians["otelier"]["peak_rss_mib"]
    memory_holds = memory <= (row.memory if row.memory > 10 else row.memory * medians["otelcol"]["peak_rss_mib"])
    exact = all(each["exact"] for each in rounds["otelier"])
    peer_exact = all(each["exact"] for each in rounds["otelcol"])
    holds = exact and ratio >= row.must and memory_holds
    word = "void: not exact" if not exact else "must holds" if holds else "must MISSED"
    share = memory / medians["otelcol"]["peak_rss_mib"]
    print(
        f"{row.name:18} {ratio:.2f} times the peer (must {row.must:g}, aim {row.aim:g}), {share:.2f} of its memory"
        f"{'' if memory_holds else ' (too much)'}: {word}{'' if peer_exact else '; the peer was not exact'}",
        flush=True,
    )
    return {
        "row": row.name, "ratio": ratio, "must": row.must, "aim": row.aim, "memory_share": share,
        "memory_must": row.memory, "exact": exact, "peer_exact": peer_exact, "must_holds": holds,
        "medians": medians, "rounds": rounds, "config": config.read_text(),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
