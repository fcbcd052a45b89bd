"""A life of a store that makes every kind of operation, in a forked process that may be stopped after any of them.

    python scenario.py DIRECTORY [FIRST LAST STEP]

Without numbers: run it once, print how many operations it made. With: for each n, run it in an empty directory with
`die_after=n`, then open the directory again and compare; prints what is wrong, and exits with 1 if anything is.
"""

import itertools
import os
import resource
import shutil
import sys
from collections import Counter
from pathlib import Path

from otelier._core import Disk, Records, View
from otelier.component import Duration, Meter
from otelier.storage.local import Engine, StoreSettings
from otelier.storage.local.manifest import read_state
from otelier.storage.settings import ImportantSettings, TelemetryRetention
from otelier.telemetry import Batch
from otelier.testing import FakeClock, decode, log_record, logs, span, span_id, trace_id, traces

TENANTS = ("default", "acme")
BATCHES = 40
DELETED_AT = 30
TRACES = range(7)
VICTIM = 7
"""A trace that is deleted in the middle of the life."""
UNIMPORTANT = range(8, 12)
"""Traces that go when their time is over; those of `TRACES` have an error, and stay."""
SETTINGS = StoreSettings(
    retention=TelemetryRetention(max_age=Duration(12), important=ImportantSettings(max_age=Duration(10**6)))
)


def batch(number: int) -> tuple[str, Batch]:
    """The n-th batch: its items carry its number, so that each is known again."""
    tenant = TENANTS[number % 3 == 0]
    if number % 5 == 4:
        return tenant, logs(*(log_record(f"{number}.{n}", trace=n, number=17) for n in range(3)))
    numbers = ((n, n % len(TRACES)) for n in range(10))
    important = (span(f"{number}", number=100 * number + n, trace=trace, status="ERROR") for n, trace in numbers)
    others = (span(f"{number}", number=100 * number + 50 + trace, trace=trace) for trace in (VICTIM, *UNIMPORTANT))
    return tenant, traces(*important, *others)


def kept(sent: Batch) -> Counter[tuple[str, str]]:
    """Keys of those items that must be there for good."""
    if sent.signal == "logs":
        return keys(sent)
    whole = {span_id(100 * int(name) + 50 + trace).hex() for name, _ in keys(sent) for trace in (VICTIM, *UNIMPORTANT)}
    return Counter({key: count for key, count in keys(sent).items() if key[1] not in whole})


def prepare(root: Path) -> None:
    """A manifest of many steps, so that this life writes it anew."""
    Records(Disk.real(str(root)), "manifest").rewrite([b"{}"] * 250)


def live(disk: Disk, acknowledged: int) -> None:
    """Write, flush, carry on, merge, delete, stop; the number of each batch that was taken goes to `acknowledged`."""
    clock = FakeClock()
    engine = Engine(disk, clock, SETTINGS, Meter())
    for number in range(BATCHES):
        engine.append(*batch(number))
        os.write(acknowledged, b"%d\n" % number)
        if number % 4 == 1:
            engine.flush(everything=number % 8 == 1)
        if number == DELETED_AT:
            engine.delete("default", [trace_id(VICTIM)])
            os.write(acknowledged, b"-1\n")
        clock.advance(0.3 if number % 3 else 3)
    clock.advance(130)  # flushes by age, merges, unlinks
    engine.close()


def keys(read: Batch) -> Counter[tuple[str, str]]:
    """(number of the batch, which of it) of each item, counted."""
    message = decode(read)
    if read.signal == "logs":
        records = (r for each in message.resource_logs for s in each.scope_logs for r in s.log_records)
        return Counter(tuple(each.body.string_value.split(".")) for each in records)
    spans = (r for each in message.resource_spans for s in each.scope_spans for r in s.spans)
    return Counter((each.name, each.span_id.hex()) for each in spans)


def wrong(disk: Disk, taken: set[int], when: str) -> list[str]:
    """What a reader misses, or finds too often."""
    state, view, found = read_state(disk), View(disk), []
    view.refresh(list(state.segments), state.retired)
    ids = sorted(trace_id(each) for each in (*TRACES, VICTIM, *UNIMPORTANT))
    for tenant in TENANTS:
        for signal, read in (("traces", view.traces(tenant, ids)), ("logs", view.logs(tenant, ids))):
            there = keys(read)
            for number in sorted(taken - {-1}):
                whose, sent = batch(number)
                if (whose, sent.signal) == (tenant, signal) and (missing := kept(sent) - there):
                    found.append(f"{when}: {len(missing)} of batch {number} of {tenant} are missing")
            if doubled := [key for key, count in there.items() if count > 1]:
                found.append(f"{when}: {len(doubled)} {signal} of {tenant} are there twice: {doubled[:3]}")
    ids = [trace_id(VICTIM)]
    if -1 in taken and (back := [key for key in keys(view.traces("default", ids)) if int(key[0]) <= DELETED_AT]):
        found.append(f"{when}: {len(back)} spans of the deleted trace are back")
    return found


def check(root: Path, taken: set[int]) -> list[str]:
    """Open what is left, and read it as it is, after a flush, after merging, and after another start."""
    disk = Disk.real(str(root))
    found = wrong(disk, taken, "before the start")
    for when in ("after the start", "after the second start"):
        engine = Engine(disk, FakeClock(), StoreSettings(), Meter())
        found += wrong(disk, taken, when)
        engine.flush(everything=True)
        found += wrong(disk, taken, f"{when}, flushed")
        while engine.compact():
            found += wrong(disk, taken, f"{when}, merged")
        engine.close()
    return found


def forked(work) -> int:
    """Run in a process of its own; its wait status."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def stopped_after(root: Path, operations: int) -> bool:
    """One run that is stopped and then looked at; whether all is right."""
    shutil.rmtree(root, ignore_errors=True)
    log = root.with_name(root.name + ".acknowledged")
    acknowledged = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def run() -> int:
        prepare(root)
        live(Disk.real(str(root), die_after=operations), acknowledged)
        return 0

    def look() -> int:
        found = check(root, set(map(int, log.read_text().split())))
        for each in found:
            print(f"after operation {operations}: {each}", flush=True)
        return bool(found)

    status = forked(run)
    os.close(acknowledged)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        print(f"after operation {operations}: the run failed instead of being stopped", flush=True)
        return False
    return forked(look) == 0


def main(root: Path, numbers: list[str]) -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not numbers:
        with (root / "acknowledged").open("wb") as file:
            prepare(root / "data")
            disk = Disk.real(str(root / "data"), trace=True)
            live(disk, file.fileno())
        operations = [each for each in disk.operations() if not each.startswith("read ")]
        print(len(operations), *sorted({each.split()[0] for each in operations}))
        return 0
    first, last, step = map(int, numbers)
    results = [stopped_after(root / "data", each) for each in range(first, last + 1, step)]
    return not all(results)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), list(itertools.islice(sys.argv, 2, None))))
