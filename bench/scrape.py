"""Scraping many targets: CPU and samples of Otelier, and of Prometheus if its binary is given, one after the other.

python bench/scrape.py --targets 1000 --series 1000 --interval 15 --seconds 60 [--prometheus PATH]

The targets are one process that listens at an address of 127.0.0.0/8 for each. CPU is that of the scraping process and
its children, from /proc, without the first four intervals, in which series are learnt.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


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


async def serve(addresses: list[str], port: int, series: int) -> None:
    answers = bodies(series)

    class Target(asyncio.Protocol):
        def connection_made(self, transport) -> None:
            self.transport, self.turn = transport, 0

        def data_received(self, data: bytes) -> None:
            if data.endswith(b"\r\n\r\n"):
                self.turn += 1
                self.transport.write(answers[self.turn % len(answers)])

    server = await asyncio.get_running_loop().create_server(Target, addresses, port)
    await server.serve_forever()


def simulate(addresses: list[str], port: int, series: int) -> None:
    asyncio.run(serve(addresses, port, series))


def cpu_s(pid: int) -> float:
    """Of a process and its children that live."""
    total = 0.0
    for each in [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]:
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / TICKS
    return total


def rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(words: list[str], options: argparse.Namespace, environment: dict[str, str]) -> dict:
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as process:
        time.sleep(4 * options.interval)
        before, began = cpu_s(process.pid), time.monotonic()
        time.sleep(options.seconds)
        took, used = time.monotonic() - began, cpu_s(process.pid) - before
        memory = rss_mib(process.pid)
        process.send_signal(signal.SIGTERM)
    return {"cpu_of_a_core_%": round(100 * used / took, 2), "rss_mib": round(memory), "cpu_s": round(used, 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--interval", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--port", type=int, default=28123)
    parser.add_argument("--prometheus", default="", help="path of its binary")
    options = parser.parse_args()
    addresses = [f"127.1.{n // 250}.{n % 250 + 1}" for n in range(options.targets)]
    answering = (addresses, options.port, options.series)
    simulator = multiprocessing.Process(target=simulate, args=answering, daemon=True)
    simulator.start()
    targets = [f"{address}:{options.port}" for address in addresses]
    config = {
        "global": {"scrape_interval": f"{options.interval}s"},
        "scrape_configs": [{"job_name": "bench", "static_configs": [{"targets": targets}]}],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prometheus.yml"
        file.write_text(json.dumps(config))
        flags = [f"--config.file={file}", "--web.listen-address=127.0.0.1:28124"]
        ours = [sys.executable, "-m", "otelier", "prometheus", *flags, f"--storage.tsdb.path={folder}/otelier"]
        environment = dict(os.environ)
        print("otelier", measure(ours, options, environment), flush=True)
        if options.prometheus:
            theirs = [options.prometheus, *flags, f"--storage.tsdb.path={folder}/prometheus"]
            print("prometheus", measure(theirs, options, environment), flush=True)
    simulator.kill()


if __name__ == "__main__":
    main()
