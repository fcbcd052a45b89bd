"""Stopped after any write, sync, rename or unlink of its life, a store has what it acknowledged, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = Path(__file__).with_name("scenario.py")
PARTS = 8


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCENARIO, *map(str, words)], capture_output=True, text=True, env=os.environ)


@pytest.fixture(scope="module")
def operations(tmp_path_factory) -> int:
    done = run(tmp_path_factory.mktemp("traced"))
    count, *kinds = done.stdout.split()
    assert {"write", "sync", "rename", "unlink", "sync_dir", "create"} <= set(kinds), done.stderr
    return int(count)


def test_stopped_after_some_operations_nothing_is_lost_or_doubled(operations, tmp_path):
    done = run(tmp_path, 3, operations, 29)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_stopped_after_every_operation_nothing_is_lost_or_doubled(operations, tmp_path, part):
    done = run(tmp_path, part + 1, operations, PARTS)
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
