"""Runs the load generator (bench/load), built on first use."""

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from .rows import ROOT


@cache
def loader() -> Path:
    subprocess.run(["cargo", "build", "-q", "--release"], cwd=ROOT / "bench" / "load", check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "bench" / "load" / "target"))
    return target / "release" / "otelier-load"


def load(
    protocol: str, port: int, requests_file: Path, connections: int, seconds: float,
    *, start: int = 0, requests: int = 0, unique: bool = False, rate: float = 0,
) -> dict[str, Any]:  # fmt: skip
    """Send for so long, or so many requests, `rate` a second; `unique`: each round has its own ids and times."""
    command = [
        loader(), protocol, f"127.0.0.1:{port}", requests_file, connections, seconds, start, requests,
        "unique" if unique else "same", rate,
    ]  # fmt: skip
    done = subprocess.run([str(each) for each in command], check=True, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    if answer["failure"]:
        raise RuntimeError(f"the load failed: {answer['failure']}")
    return answer
