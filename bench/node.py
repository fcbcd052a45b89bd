"""This machine's /proc as a node exporter shows it: what a real scrape of a node looks like."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

_MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_TICKS = 100
_DISK = (
    "reads_completed_total", "reads_merged_total", "read_sectors_total", "read_time_ms_total", "writes_completed_total",
    "writes_merged_total", "written_sectors_total", "write_time_ms_total", "io_now", "io_time_ms_total",
    "io_time_weighted_ms_total",
)  # fmt: skip
_NET = ("bytes", "packets", "errs", "drop", "fifo", "frame", "compressed", "multicast")


def exposition() -> bytes:
    """In the text format."""
    lines: list[str] = []
    family = ""
    for name, labels, value in sorted(_samples(), key=lambda sample: sample[0]):
        if name != family:
            family = name
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {name} {name.replace('_', ' ')}.", f"# TYPE {name} {kind}"]
        shown = ",".join(f'{key}="{text}"' for key, text in labels.items())
        lines.append(f"{name}{{{shown}}} {value}" if shown else f"{name} {value}")
    return ("\n".join(lines) + "\n").encode()


_Sample: TypeAlias = tuple[str, dict[str, str], float | int]
"""Name, labels, value."""


def _samples() -> Iterator[_Sample]:
    for part in (_stat, _memory, _disks, _network, _protocols):
        yield from part()
    for name, number in zip(("node_load1", "node_load5", "node_load15"), _lines("loadavg")[0].split(), strict=False):
        yield name, {}, float(number)


def _stat() -> Iterator[_Sample]:
    for line in _lines("stat"):
        name, *numbers = line.split()
        if re.fullmatch(r"cpu\d+", name):
            for mode, ticks in zip(_MODES, numbers, strict=False):
                yield "node_cpu_seconds_total", {"cpu": name[3:], "mode": mode}, int(ticks) / _TICKS
        elif name in ("ctxt", "processes", "intr"):
            yield f"node_{name}_total", {}, int(numbers[0])
        elif name.startswith("procs_"):
            yield f"node_{name}", {}, int(numbers[0])


def _memory() -> Iterator[_Sample]:
    for line in _lines("meminfo"):
        name, number, *unit = re.sub(r"[()]", "_", line).split()
        name = name.rstrip(":").rstrip("_")
        yield f"node_memory_{name}{'_bytes' if unit else ''}", {}, int(number) * (1024 if unit else 1)
    for line in _lines("vmstat"):
        name, number = line.split()
        yield f"node_vmstat_{name}", {}, int(number)


def _disks() -> Iterator[_Sample]:
    for line in _lines("diskstats"):
        _, _, device, *numbers = line.split()
        for name, number in zip(_DISK, numbers, strict=False):
            yield f"node_disk_{name}", {"device": device}, int(number)


def _network() -> Iterator[_Sample]:
    for line in _lines("net/dev")[2:]:
        device, _, rest = line.partition(":")
        numbers = rest.split()
        for direction, group in (("receive", numbers[:8]), ("transmit", numbers[8:])):
            for name, number in zip(_NET, group, strict=False):
                yield f"node_network_{direction}_{name}_total", {"device": device.strip()}, int(number)


def _protocols() -> Iterator[_Sample]:
    for file in ("net/snmp", "net/netstat"):
        lines = _lines(file)
        for names, numbers in zip(lines[::2], lines[1::2], strict=False):
            protocol = names.partition(":")[0]
            for name, number in zip(names.split()[1:], numbers.split()[1:], strict=False):
                yield f"node_netstat_{protocol}_{name}", {}, int(number)


def _lines(file: str) -> list[str]:
    return Path("/proc", file).read_text().splitlines()
