"""What every bench does with its rounds: the peer, what must have arrived, medians, results on disk."""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from otelier._core import Batch

from . import corpus
from .rows import ROOT


def peer() -> list[str]:
    path = Path(os.environ.get("OTELCOL", corpus.cache_folder() / "peers" / "otelcol"))
    if not path.exists():
        raise SystemExit("the peer is not built yet: run `make peers` (needs Go, ten minutes once)")
    return [str(path)]


def expected(requests: Path, accepted: list[int]) -> tuple[int, int]:
    sums = _sums(requests)
    items = sum(count * times for (count, _), times in zip(sums, accepted, strict=True))
    digest = sum(digest * times for (_, digest), times in zip(sums, accepted, strict=True))
    return items, digest % 2**64


@cache
def _sums(requests: Path) -> list[tuple[int, int]]:
    """(items, digest) of each request of the corpus."""
    return [(items, Batch.from_otlp("traces", request).digest()) for request, items in corpus.read(requests)]


def arguments(prog: str, rows: list[str], seconds: float) -> argparse.Namespace:
    """Rows, rounds and seconds from the command line; `systems` are the commands to measure, by name."""
    parser = argparse.ArgumentParser(prog=prog)
    parser.add_argument("rows", nargs="*", default=rows, help=", ".join(rows))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--only", choices=["otelier", "otelcol"], help="one system, to profile; nothing is saved")
    options = parser.parse_args()
    systems = {"otelcol": peer(), "otelier": [str(Path(sys.executable).with_name("otelier")), "run"]}
    options.systems = {name: systems[name] for name in systems if options.only in (None, name)}
    return options


def rounds(
    options: argparse.Namespace, one: Callable[[list[str]], dict[str, Any]], line: Callable[[str, dict[str, Any]], str]
) -> dict[str, list[dict[str, Any]]]:
    """All rounds of a row, by system, each printed as it ends."""
    done: dict[str, list[dict[str, Any]]] = {name: [] for name in options.systems}
    for number in range(options.rounds):
        # Alternate who goes first, so that neither always meets a warm or a tired machine.
        for name in sorted(options.systems, reverse=bool(number % 2)):
            done[name].append(one(options.systems[name]))
            print(line(name, done[name][-1]), flush=True)
    return done


def medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Of each number of the rounds."""
    numbers = [key for key, value in runs[0].items() if isinstance(value, int | float) and key != "exact"]
    return {key: statistics.median(one[key] for one in runs) for key in numbers}


def save(name: str, results: list[dict[str, Any]], about: dict[str, Any]) -> None:
    """Write bench/results/<date>-<name>.json."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    version = subprocess.run([*peer(), "--version"], capture_output=True, text=True)
    text = json.dumps(
        {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit.stdout.strip(),
            "peer": version.stdout.strip(),
            "python": platform.python_version(),
            "kernel": platform.release(),
            "cores": os.cpu_count(),
            **about,
            "rows": results,
        },
        indent=1,
    )
    path = ROOT / "bench" / "results" / f"{datetime.now(UTC):%Y-%m-%d}-{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    print(f"saved {path.relative_to(ROOT)}")
