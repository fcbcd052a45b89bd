"""How much memory there is: cgroup v1, v2 and the machine, read from trees made by hand."""

import sys
from pathlib import Path

import pytest

from otelier.processors.memory_limiter import memory

GIB = 2**30
UNLIMITED_V1 = 9_223_372_036_854_771_712


def tree(root: Path, cgroup: str, host_gib: int | None = 8, **files: str) -> Path:
    """A file system with /proc and the given files below /sys/fs/cgroup (`__` stands for `/`)."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(cgroup)
    if host_gib is not None:
        (root / "proc/meminfo").write_text(f"MemTotal:  {host_gib * 2**20} kB\nMemFree:  1 kB\n")
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_in_bytes", "_in_bytes")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_v2_the_lowest_limit_from_the_group_to_the_root_counts(tmp_path: Path):
    files = {"pod__app__memory.max": "max\n", "pod__memory.max": f"{2 * GIB}\n", "memory.max": f"{3 * GIB}\n"}
    assert memory.total_bytes(tree(tmp_path, "0::/pod/app\n", **files)) == 2 * GIB


def test_v2_inside_a_container_the_group_is_the_root_of_what_is_seen(tmp_path: Path):
    assert memory.total_bytes(tree(tmp_path, "0::/\n", **{"memory.max": f"{GIB}\n"})) == GIB


@pytest.mark.parametrize("path", ["/docker/0123", "/../../kubepods/pod1"])
def test_a_group_that_is_not_visible_falls_back_to_the_root(tmp_path: Path, path: str):
    assert memory.total_bytes(tree(tmp_path, f"0::{path}\n", **{"memory.max": f"{GIB}\n"})) == GIB


def test_v1_memory_controller(tmp_path: Path):
    cgroup = "12:pids:/pod\n5:cpu,memory:/pod\n1:name=systemd:/x\n"
    files = {"memory__pod__memory.limit_in_bytes": f"{GIB}\n", "memory__memory.limit_in_bytes": f"{UNLIMITED_V1}\n"}
    assert memory.total_bytes(tree(tmp_path, cgroup, **files)) == GIB


def test_without_a_limit_the_machine_counts(tmp_path: Path):
    files = {"memory__memory.limit_in_bytes": f"{UNLIMITED_V1}\n", "memory.max": "max\n"}
    assert memory.total_bytes(tree(tmp_path, "0::/\n3:memory:/\n", **files)) == 8 * GIB


def test_where_nothing_is_known_it_says_so(tmp_path: Path):
    with pytest.raises(OSError, match="tells how much memory"):
        memory.total_bytes(tree(tmp_path, "0::/\n", host_gib=None))


def test_resident_memory_leaves_out_pages_of_files(tmp_path: Path):
    root = tree(tmp_path, "")
    (root / "proc/self/statm").write_text("1000 300 100 5 0 200 0\n")
    assert memory.resident_bytes(root) == 200 * memory.os.sysconf("SC_PAGE_SIZE")


def test_where_it_is_not_told_resident_memory_is_zero(tmp_path: Path):
    assert memory.resident_bytes(tmp_path) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_this_process_is_smaller_than_this_machine_and_grows_with_what_it_holds():
    before = memory.resident_bytes()
    held = bytearray(64 * 2**20)
    assert memory.resident_bytes() - before > 60 * 2**20
    assert 0 < memory.resident_bytes() < memory.total_bytes()
    del held
    memory.release()
    assert memory.resident_bytes() - before < 32 * 2**20
