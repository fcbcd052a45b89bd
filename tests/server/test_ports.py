"""An address in use: its owner is named."""

import errno
import os
import socket
import subprocess
import sys

import pytest

from otelier.server.ports import bind_error, owners


def in_use(port: int) -> OSError:
    with socket.socket() as second, pytest.raises(OSError) as caught:
        second.bind(("127.0.0.1", port))
    return caught.value


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_listening_process_is_found_by_its_port(family):
    with socket.create_server(("127.0.0.1" if family == socket.AF_INET else "::1", 0), family=family) as server:
        found = owners(server.getsockname()[1])
    assert [owner.pid for owner in found] == [os.getpid()]


def test_the_message_names_pid_and_command_of_the_other_process():
    program = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    with child:
        port = int(child.stdout.readline())
        message = bind_error(f"127.0.0.1:{port}", port, in_use(port))
        child.stdin.write("\n")
    assert message.startswith(f"127.0.0.1:{port} is already in use by pid {child.pid} (")
    assert "import socket" in message


def test_a_socket_that_is_only_connected_owns_nothing():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        with client:
            assert owners(client.getsockname()[1]) == []


def test_what_may_not_be_read_makes_the_message_shorter_not_an_error(tmp_path):
    (tmp_path / "1").mkdir()
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text("head\n 0: 0100007F:10DD 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n")
    assert owners(4317, proc=tmp_path) == []
    assert "may not look into" in bind_error("127.0.0.1:1", 1, OSError(errno.EADDRINUSE, "in use"))


def test_commands_with_control_characters_are_shown_harmless(tmp_path):
    (tmp_path / "7" / "fd").mkdir(parents=True)
    (tmp_path / "7" / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "7" / "cmdline").write_bytes(b"evil\x1b[2J\0" + b"x" * 500)
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp6").write_text("head\n 0: 0000:10DD 0000:0000 0A 0:0 0:0 0 0 0 4711 1\n")
    (owner,) = owners(4317, proc=tmp_path)
    assert owner.pid == 7
    assert "\x1b" not in owner.command
    assert len(owner.command) <= 120


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.EACCES, "may not be opened by this user"), (errno.EADDRNOTAVAIL, "not an address of this machine")],
)
def test_other_reasons_are_said_in_words(code, words):
    assert words in bind_error("10.9.8.7:80", 80, OSError(code, os.strerror(code)))
