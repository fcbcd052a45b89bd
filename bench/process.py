"""CPU seconds and memory of a process and all its children, from the kernel's own books."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path


class System:
    """A system under test; leaves nothing running."""

    def __init__(self, command: list[str], env: dict[str, str], log: Path) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            command, env={**os.environ, **env}, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )

    def __enter__(self) -> "System":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()

    def wait_until_healthy(self, url: str, timeout_s: float = 30) -> None:
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"ended with {self._process.returncode}: see {self._log.name}")
            try:
                with urllib.request.urlopen(url, timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"not healthy after {timeout_s} s: see {self._log.name}")

    def wait_for_port(self, port: int, timeout_s: float = 30) -> None:
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"nothing listens at {port} after {timeout_s} s: see {self._log.name}")

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(self._process.pid, 0)
        self._process.returncode = 0
        self._cpu_in_all = usage.ru_utime + usage.ru_stime

    def kill(self) -> None:
        """kill -9, children too."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def cpu_seconds_in_all(self) -> float:
        """Of a stopped system with all children that it waited for."""
        return self._cpu_in_all

    def cpu_seconds(self) -> float:
        return sum(_cpu_seconds(pid) for pid in self._pids())

    def peak_rss_mib(self) -> float:
        return sum(_status_kib(pid, "VmHWM") for pid in self._pids()) / 1024

    def _pids(self) -> list[int]:
        found, new = [], [self._process.pid]
        while new:
            found += new
            new = [int(child) for pid in new for child in _children(pid)]
        return found


def _children(pid: int) -> list[str]:
    tasks = Path(f"/proc/{pid}/task")
    return [child for task in tasks.glob("*/children") for child in task.read_text().split()]


def _cpu_seconds(pid: int) -> float:
    # The process's CPU clock in ns (clock_getcpuclockid): /proc/…/stat counts in ticks of 10 ms.
    return time.clock_gettime((~pid << 3) | 2)


def _status_kib(pid: int, key: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return float(line.split()[1])
    return 0.0
