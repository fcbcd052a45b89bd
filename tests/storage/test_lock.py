"""One writer per directory; whoever is refused is told why, and what to do."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from otelier.storage import DataDirectoryError
from otelier.storage.segmented.lock import DirectoryLock, holder

HOLD = """
import sys
from pathlib import Path
from otelier.storage.segmented.lock import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]), 0)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock of `tmp_path / "data"`."""
    words = [sys.executable, "-c", HOLD, str(tmp_path / "data")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_it_makes_the_directory_for_the_user_alone_and_names_its_holder(tmp_path):
    lock = DirectoryLock(tmp_path / "a" / "b", 7)
    assert json.loads((tmp_path / "a" / "b" / "LOCK").read_text()) == {"pid": os.getpid(), "started": 7}
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    lock.release()


def test_a_second_one_is_refused_and_told_the_first_ones_pid(tmp_path, other):
    with pytest.raises(DataDirectoryError, match=rf"in use by pid {other.pid}: stop it, or choose another") as refusal:
        DirectoryLock(tmp_path / "data", 0)
    assert refusal.value.exit_code == 2
    assert holder(tmp_path / "data") == other.pid


def test_a_killed_holder_holds_nothing(tmp_path, other):
    other.kill()
    other.wait()
    assert holder(tmp_path / "data") is None
    DirectoryLock(tmp_path / "data", 0).release()


def test_after_a_release_nobody_holds_it_and_others_may(tmp_path):
    DirectoryLock(tmp_path, 0).release()
    assert holder(tmp_path) is None
    again = DirectoryLock(tmp_path, 0)
    with pytest.raises(DataDirectoryError):
        DirectoryLock(tmp_path, 0)
    again.release()


def test_where_there_is_no_directory_nobody_holds_it(tmp_path):
    assert holder(tmp_path / "none") is None


@pytest.mark.parametrize("inside", ["LOCK", "LOCK/x"])
def test_a_place_that_is_no_directory_is_named_with_what_to_do(tmp_path, inside):
    (tmp_path / "LOCK").write_text("a file")
    with pytest.raises(
        DataDirectoryError, match=r"can't (make|write to) the data directory .*choose another|Choose another"
    ):
        DirectoryLock(tmp_path / inside, 0)
    assert (tmp_path / "LOCK").read_text() == "a file"


AS_USER = """
import os, sys
from pathlib import Path
import otelier.storage.segmented.lock as lock
os.setgid(12345); os.setuid(12345)
try:
    lock.DirectoryLock(Path(sys.argv[1]), 0)
except lock.DataDirectoryError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_someone_elses_directory_is_refused_with_both_users_and_left_as_it_was(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir(0o755)
    (theirs / "manifest").write_bytes(b"precious")
    for above in (tmp_path, *list(tmp_path.parents)[:2]):
        above.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", AS_USER, str(theirs)], capture_output=True, text=True, check=True)
    assert "it belongs to user 0, this process runs as user 12345" in done.stdout
    assert sorted(Path(each).name for each in theirs.iterdir()) == ["manifest"]
