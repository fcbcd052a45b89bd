"""`python -m bench.metrics`: Prometheus's remote write and queries, us beside Prometheus and VictoriaMetrics.

All get the same requests (remote write 1.0, 2 000 samples each) and answer the same queries through HTTP. CPU seconds
of all processes of a system; for queries the wall time, too. No answer is kept: each run asks for another hour. A peer
that isn't there is left out: `make peers` builds Prometheus, VictoriaMetrics is a package of Debian's.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import corpus, million
from .process import System
from .remote_write import post, request, series_field

STEP_MS = 15_000
SCRAPES = 481
IN_REQUEST = 2_000
BUCKETS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf")
RUNS = 10
_HOUR_S = 3_600


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked, over the last hour in 241 steps or at its end, and how many times the peers' work it must do."""

    name: str
    text: str
    steps: bool
    must: dict[str, float]


QUERIES = (
    Query("sum of rates, 10 000 series", "sum by (job) (rate(x[5m]))", True, {"prometheus": 8, "victoria": 2}),
    Query("quantile, 5 000 bucket series", "histogram_quantile(0.95, rate(y_bucket[5m]))", True, {"prometheus": 5}),
    Query("averages of 2 000 gauges, 15 MB", "avg_over_time(z[5m])", True, {"prometheus": 5}),
    Query("10 000 series at one moment", "x", False, {"prometheus": 5}),
)
WRITE_MUST = {"prometheus": 5.0, "victoria": 1.5}


@dataclass(frozen=True, slots=True)
class Kind:
    """A system: how it is started in a folder, where it listens, where its samples lie."""

    name: str
    port: int
    ready: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict[str, str])


def kinds(folder: Path) -> Iterator[Kind]:
    """Those that are there."""
    data = folder / "otelier"
    yield Kind("otelier", 9090, "/-/ready", [sys.executable, "-m", "otelier", "--data-dir", str(data)])
    prometheus = corpus.cache_folder() / "peers" / "prometheus"
    if prometheus.exists():
        config = folder / "prometheus.yml"
        config.write_text("")
        flags = [
            "--web.listen-address=127.0.0.1:19090",
            "--web.enable-remote-write-receiver",
            f"--config.file={config}",
        ]
        yield Kind(
            "prometheus", 19090, "/-/ready", [str(prometheus), *flags, f"--storage.tsdb.path={folder / 'prometheus'}"]
        )
    victoria = shutil.which("victoria-metrics")
    if victoria:
        flags = ["-httpListenAddr=127.0.0.1:18428", f"-storageDataPath={folder / 'victoria'}", "-retentionPeriod=1"]
        yield Kind("victoria", 18428, "/health", [victoria, *flags])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.metrics")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--million", action="store_true", help="a million active series, our processes alone")
    options = parser.parse_args()
    folder = corpus.cache_folder() / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if options.million:
        return million.measure(next(kinds(folder)).command, folder)
    end_ms = int(time.time()) // 15 * STEP_MS
    requests = list(_requests(end_ms))
    samples = SCRAPES * sum(_counts())
    found: dict[str, Any] = {"samples": samples}
    for kind in kinds(folder):
        with System(kind.command, kind.env, folder / f"{kind.name}.log") as system:
            system.wait_until_healthy(f"http://127.0.0.1:{kind.port}{kind.ready}")
            found[kind.name] = _measured(kind, system, requests, samples, end_ms, options.runs)
        found[kind.name]["bytes_per_sample_stopped"] = _bytes(folder / kind.name) / samples
        print(f"{kind.name}: {json.dumps(found[kind.name], indent=1)}", flush=True)
    path = Path(__file__).parent / "results" / f"{time.strftime('%Y-%m-%d')}-metrics.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    _compare(found)
    return 0


def _measured(
    kind: Kind, system: System, requests: list[bytes], samples: int, end_ms: int, runs: int
) -> dict[str, Any]:
    before, began = system.cpu_seconds(), time.monotonic()
    for body in requests:
        post(f"http://127.0.0.1:{kind.port}/api/v1/write", body)
    wall = time.monotonic() - began
    _settle(system)
    cpu = system.cpu_seconds() - before
    found: dict[str, Any] = {
        "write": {"samples_per_cpu_second": samples / cpu, "cpu_s": cpu, "wall_s": wall},
        "peak_rss_mib": system.peak_rss_mib(),
    }
    for query in QUERIES:
        found[query.name] = _asked(kind, system, query, end_ms // 1000, runs)
    return found


def _settle(system: System) -> None:
    """Until what is done in the background is done: a fifth of a core for two seconds, at most a minute."""
    for _ in range(30):
        before = system.cpu_seconds()
        time.sleep(2)
        if system.cpu_seconds() - before < 0.4:
            return


def _asked(kind: Kind, system: System, query: Query, end_s: int, runs: int) -> dict[str, Any]:
    walls, cpus, answer = [], [], b""
    for run in range(runs):
        # Another moment each time, so that no answer can be an old one.
        end = end_s - 15 * (run % 8)
        times = {"start": end - _HOUR_S, "end": end, "step": 15} if query.steps else {"time": end}
        parameters = urllib.parse.urlencode({"query": query.text, **times, "nocache": 1})
        path = "query_range" if query.steps else "query"
        before, began = system.cpu_seconds(), time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{kind.port}/api/v1/{path}?{parameters}", timeout=120) as got:
            answer = got.read()
        walls.append(1000 * (time.monotonic() - began))
        cpus.append(1000 * (system.cpu_seconds() - before))
    series = json.loads(answer)["data"]["result"]
    return {
        "cpu_ms": statistics.median(cpus),
        "wall_p50_ms": statistics.median(walls),
        "wall_first_ms": walls[0],
        "series": len(series),
        "bytes": len(answer),
    }


def _compare(found: dict[str, Any]) -> None:
    ours = found["otelier"]
    for peer in ("prometheus", "victoria"):
        if peer not in found:
            continue
        times = ours["write"]["samples_per_cpu_second"] / found[peer]["write"]["samples_per_cpu_second"]
        _say("remote write", peer, times, WRITE_MUST.get(peer))
        for query in QUERIES:
            times = found[peer][query.name]["cpu_ms"] / ours[query.name]["cpu_ms"]
            _say(query.name, peer, times, query.must.get(peer))


def _say(row: str, peer: str, times: float, must: float | None) -> None:
    verdict = "" if must is None else f" (must {must:g}): {'holds' if times >= must else 'MISSED'}"
    print(f"{row:<34} {times:6.2f} times {peer}{verdict}")


def _counts() -> tuple[int, int, int]:
    return 10_000, 5_000, 2_000


def _labels() -> Iterator[bytes]:
    for i in range(10_000):
        yield series_field("x", job=f"job-{i % 20}", instance=f"10.0.{i % 200}.7:9100", method=f"m{i // 200}")
    for i in range(5_000):
        yield series_field(
            "y_bucket", instance=f"10.0.{i // 10 % 100}.7:9100", job="api", le=BUCKETS[i % 10], route=f"/r/{i // 1000}"
        )
    for i in range(2_000):
        yield series_field("z", instance=f"10.0.{i % 100}.7:9100", job="node", mountpoint=f"/mnt/{i // 100}")


def _requests(end_ms: int) -> Iterator[bytes]:
    """Scrape by scrape; snappy blocks of `WriteRequest`."""
    rng = np.random.default_rng(1)
    counters, buckets, gauges = _counts()
    labels = list(_labels())
    x = np.cumsum(rng.integers(0, 50, (SCRAPES, counters)), axis=0).astype(np.float64)
    grown = rng.integers(0, 20, (SCRAPES, buckets // 10, 10))
    y = np.cumsum(np.cumsum(grown, axis=2), axis=0).reshape(SCRAPES, -1).astype(np.float64)
    z = np.round(rng.normal(50, 10, (SCRAPES, gauges)), 2)
    values = np.concatenate([x, y, z], axis=1)
    for scrape in range(SCRAPES):
        at = end_ms - (SCRAPES - 1 - scrape) * STEP_MS
        row = values[scrape].tolist()
        for first in range(0, len(labels), IN_REQUEST):
            parts = zip(labels[first : first + IN_REQUEST], row[first : first + IN_REQUEST], strict=True)
            yield request((each, v, at) for each, v in parts)


def _bytes(folder: Path) -> int:
    return sum(each.stat().st_blocks * 512 for each in folder.rglob("*") if each.is_file())


if __name__ == "__main__":
    raise SystemExit(main())
