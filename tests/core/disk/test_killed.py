"""A process that dies right after any operation leaves a log and records that hold what it had acknowledged."""

import subprocess
import sys
from pathlib import Path

import pytest

from otelier._core import Disk, Log, Records

from .stored import stored

SCRIPT = """if True:
    import sys
    sys.path[:] = sys.argv[3:]
    from otelier._core import Disk, Log, Records
    from otelier.testing import items

    disk = Disk.real(sys.argv[1], die_after=int(sys.argv[2]), trace=True)

    def acknowledged(what):
        print(what, flush=True)

    records = Records(disk, "manifest")
    log = Log(disk, "log")
    for number in range(1, 9):
        log.append("default", items("traces", 1, first=number), 1)
        acknowledged(f"log {number}")
        records.append(str(number).encode())
        acknowledged(f"record {number}")
        if number % 3 == 0:
            sealed = log.rotate()
            records.rewrite([f"retired {sealed}".encode(), str(number).encode()])
            acknowledged(f"retired {number}")
            log.retire(sealed)
    acknowledged(f"operations {len(disk.operations())}")
"""


def run(root: Path, die_after: int) -> list[tuple[str, int]]:
    """What the process said it had done before it died."""
    command = [sys.executable, "-c", SCRIPT, str(root), str(die_after), *sys.path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == (-6 if die_after else 0), done.stderr
    said = (line.split() for line in done.stdout.splitlines())
    return [(word, int(number)) for word, number in said]


@pytest.mark.slow
def test_after_every_operation_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    _, operations = run(tmp_path / "clean", 0).pop()
    assert operations > 40
    for die_after in range(1, operations + 1):
        root = tmp_path / str(die_after)
        said = run(root, die_after)
        disk = Disk.real(root)
        records = Records(disk, "manifest")
        assert (records.damage, records.torn_bytes) == ("", 0)
        retired = max((int(r.split()[1]) for r in records.records if r.startswith(b"retired")), default=0)
        log = Log(disk, "log", retired=retired)
        log.retire(retired)
        found = stored(disk)
        assert found == sorted(set(found))
        done = max((number for what, number in said if what == "retired"), default=0)
        assert retired >= done // 3
        assert {number for what, number in said if what == "log" and number > retired * 3} <= set(found)
        last = max((number for what, number in said if what == "record"), default=0)
        assert int([b"0", *records.records][-1]) >= last
