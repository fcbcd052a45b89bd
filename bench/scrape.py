"""`python -m bench.scrape`: the CPU of scraping many targets, us beside Prometheus, one after the other.

The targets are one process that listens at an address of 127.0.0.0/8 for each, so run it where nothing else does. CPU
is that of all processes of a system, after it has become steady: series are learnt in the first intervals. Prometheus's
binary is that of `make peers`; without it there is no comparison.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from . import corpus
from .process import System

_WARM_INTERVALS = range(4, 21)
"""At least so many, and at most, until one takes as much CPU as the one before."""
_STEADY = 0.1
_PORT = 28123
_OUR_PORT = 28124
_MUST = 0.5
"""Of Prometheus's CPU."""


def bodies(series: int) -> list[bytes]:
    """Answers that differ in their values."""
    found = []
    for turn in range(4):
        lines = []
        for family in range(series // 10):
            lines += [
                f"# HELP http_requests_{family}_total Requests of a handler.",
                f"# TYPE http_requests_{family}_total counter",
            ]
            lines += [
                f'http_requests_{family}_total{{method="GET",handler="/api/{n}",code="200"}} {1000 * family + n * turn}'
                for n in range(10)
            ]
        text = ("\n".join(lines) + "\n").encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(text)}\r\n\r\n"
        found.append(head.encode() + text)
    return found


async def serve(addresses: list[str], series: int) -> None:
    answers = bodies(series)

    class Target(asyncio.Protocol):
        def connection_made(self, transport) -> None:
            self.transport, self.turn = transport, 0

        def data_received(self, data: bytes) -> None:
            if data.endswith(b"\r\n\r\n"):
                self.turn += 1
                self.transport.write(answers[self.turn % len(answers)])

    server = await asyncio.get_running_loop().create_server(Target, addresses, _PORT)
    await server.serve_forever()


def simulate(addresses: list[str], series: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    asyncio.run(serve(addresses, series))


def measure(words: list[str], log: Path, options: argparse.Namespace) -> dict[str, float]:
    """CPU in percent of a core; memory at its peak."""
    with System(words, dict(os.environ), log) as system:
        system.wait_until_healthy(f"http://127.0.0.1:{_OUR_PORT}/-/ready")
        _settle(system, options.interval)
        before, began = system.cpu_seconds(), time.monotonic()
        time.sleep(options.seconds)
        used, took = system.cpu_seconds() - before, time.monotonic() - began
        return {"cpu_percent": round(100 * used / took, 2), "peak_rss_mib": round(system.peak_rss_mib())}


def _settle(system: System, interval_s: float) -> None:
    time.sleep((_WARM_INTERVALS.start - 2) * interval_s)
    last = 0.0
    for _ in range(_WARM_INTERVALS.start - 2, _WARM_INTERVALS.stop):
        before = system.cpu_seconds()
        time.sleep(interval_s)
        used = system.cpu_seconds() - before
        if abs(used - last) <= _STEADY * used:
            return
        last = used


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    addresses = [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(options.targets)]
    simulator = multiprocessing.Process(target=simulate, args=(addresses, options.series), daemon=True)
    simulator.start()
    config = {
        "global": {"scrape_interval": f"{options.interval}s"},
        "scrape_configs": [
            {"job_name": "bench", "static_configs": [{"targets": [f"{address}:{_PORT}" for address in addresses]}]}
        ],
    }
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "prometheus.yml").write_text(json.dumps(config))
        flags = [f"--config.file={folder}/prometheus.yml", f"--web.listen-address=127.0.0.1:{_OUR_PORT}"]
        systems = {"otelier": [sys.executable, "-m", "otelier", "prometheus"]}
        if (theirs := corpus.cache_folder() / "peers" / "prometheus").exists():
            systems["prometheus"] = [str(theirs)]
        for system, command in systems.items():
            words = [*command, *flags, f"--storage.tsdb.path={folder}/{system}"]
            found[system] = measure(words, folder / f"{system}.log", options)
            print(system, found[system], flush=True)
    simulator.kill()
    if "prometheus" in found:
        ratio = found["otelier"]["cpu_percent"] / found["prometheus"]["cpu_percent"]
        print(f"{ratio:.2f} of Prometheus's CPU (must {_MUST})")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
