"""`otelier` alone, at free ports: it serves, prints, says where and that nothing is kept."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier.testing import decode, span, traces

PROGRAM = """
import json, sys
from otelier.cli import all_in_one
all_in_one.USUAL = json.loads(sys.argv.pop())
from otelier.cli import main
main()
"""
NAMES = ("OTLP/gRPC", "OTLP/HTTP", "health", "own metrics")


def free_ports() -> dict[str, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
    ports = {name: each.getsockname()[1] for name, each in zip(NAMES, sockets, strict=True)}
    for each in sockets:
        each.close()
    return ports


def start(ports: dict[str, int]) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", PROGRAM, str(ports).replace("'", '"')]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def greeting(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("Stop:"):
            break
    return "".join(lines)


def test_it_says_where_it_serves_and_prints_what_arrives():
    ports = free_ports()
    with start(ports) as process:
        said = greeting(process)
        for port in ports.values():
            assert f"http://127.0.0.1:{port}" in said
        assert "keeps nothing" in said
        with grpc.insecure_channel(f"127.0.0.1:{ports['OTLP/gRPC']}") as channel:
            TraceServiceStub(channel).Export(decode(traces(span("GET /cart"))), timeout=30)
        for name, path in (("health", "/"), ("own metrics", "/metrics")):
            assert urllib.request.urlopen(f"http://127.0.0.1:{ports[name]}{path}").status == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert "GET /cart" in out
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_port_in_use_is_named_with_its_owner_and_the_others_serve(name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {**free_ports(), name: taken.getsockname()[1]}
        with start(ports) as process:
            said = greeting(process)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    (line,) = [line for line in said.splitlines() if "not served" in line]
    assert name in line
    assert f"is already in use by pid {os.getpid()} (" in line
    assert process.returncode == 0


def test_without_the_port_of_otlp_grpc_there_is_nothing_to_run():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {**free_ports(), "OTLP/gRPC": taken.getsockname()[1]}
        with start(ports) as process:
            _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith(f"error: 127.0.0.1:{ports['OTLP/gRPC']} is already in use by pid {os.getpid()} (")
