"""`otelier` alone, at free ports: it serves, says where, and keeps what it acknowledges."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from otelier._core import Disk, read_generation
from otelier.telemetry import Batch
from otelier.testing import decode, gauge, metrics, span, traces

PROGRAM = """
import json, sys
from otelier.cli import all_in_one
all_in_one.USUAL = json.loads(sys.argv.pop())
from otelier.cli import main
main()
"""
NAMES = ("UI", "Loki API", "Loki pushes", "Prometheus API", "OTLP/gRPC", "OTLP/HTTP", "health", "own metrics")


def free_ports() -> dict[str, int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
    ports = {name: each.getsockname()[1] for name, each in zip(NAMES, sockets, strict=True)}
    for each in sockets:
        each.close()
    return ports


def start(ports: dict[str, int], data_dir: Path, *words: str) -> subprocess.Popen[str]:
    words = (sys.executable, "-c", PROGRAM, f"--data-dir={data_dir}", *words, str(ports).replace("'", '"'))
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def greeting(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in process.stderr:
        lines.append(line)
        if line.startswith("Stop:"):
            break
    return "".join(lines)


def export(port: int, batch: Batch) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        TraceServiceStub(channel).Export(decode(batch), timeout=30)


def test_it_says_where_it_serves_and_where_it_keeps(tmp_path):
    ports = free_ports()
    with start(ports, tmp_path / "data") as process:
        said = greeting(process)
        for port in ports.values():
            assert f"http://127.0.0.1:{port}" in said
        assert str(tmp_path / "data") in said
        for name, path in (("health", "/"), ("own metrics", "/metrics")):
            assert urllib.request.urlopen(f"http://127.0.0.1:{ports[name]}{path}").status == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "Otelier: stopping\n")


def test_it_prints_what_arrives_if_asked(tmp_path):
    ports = free_ports()
    with start(ports, tmp_path, "--print") as process:
        greeting(process)
        export(ports["OTLP/gRPC"], traces(span("GET /cart")))
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert "GET /cart" in out


def test_metrics_are_answered_in_promql_before_and_after_a_kill(tmp_path):
    batch = metrics(gauge("level", 4))
    message = decode(batch)
    for point in message.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points:
        point.time_unix_nano = time.time_ns()
    for attempt in range(2):
        ports = free_ports()
        with start(ports, tmp_path) as process:
            greeting(process)
            if attempt == 0:
                with grpc.insecure_channel(f"127.0.0.1:{ports['OTLP/gRPC']}") as channel:
                    answer = MetricsServiceStub(channel).Export(message, timeout=30)
                assert answer.partial_success.rejected_data_points == 0
            query = f"http://127.0.0.1:{ports['Prometheus API']}/api/v1/query?query=sum by (service_name) (level_ratio)"
            found = json.loads(eventually(query.replace(" ", "%20")))["data"]["result"]
            assert [(each["metric"], each["value"][1]) for each in found] == [({"service_name": "shop"}, "4")]
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=30)


def test_logs_are_pushed_and_asked_for_at_lokis_port(tmp_path):
    ports, time_ns = free_ports(), str(time.time_ns())
    pushed = {"streams": [{"stream": {"app": "shop"}, "values": [[time_ns, "paid"]]}]}
    with start(ports, tmp_path) as process:
        greeting(process)
        loki = f"http://127.0.0.1:{ports['Loki API']}"
        eventually(f"{loki}/ready")
        request = urllib.request.Request(f"{loki}/loki/api/v1/push", json.dumps(pushed).encode())
        request.add_header("content-type", "application/json")
        assert urllib.request.urlopen(request, timeout=30).status == 204
        found = json.loads(eventually(f"{loki}/loki/api/v1/query_range?query=%7Bapp=%22shop%22%7D"))["data"]["result"]
        assert [line[:2] for stream in found for line in stream["values"]] == [[time_ns, "paid"]]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def eventually(url: str) -> bytes:
    """The query process may still be starting."""
    give_up = time.monotonic() + 30
    while True:
        try:
            return urllib.request.urlopen(url, timeout=30).read()
        except urllib.error.URLError:
            if time.monotonic() > give_up:
                raise
            threading.Event().wait(0.1)


def test_what_was_acknowledged_outlives_a_kill(tmp_path):
    ports, batch = free_ports(), traces(*(span(f"op {n}", number=n, trace=n // 3) for n in range(30)))
    with start(ports, tmp_path) as process:
        greeting(process)
        export(ports["OTLP/gRPC"], batch)
        process.kill()
        process.communicate(timeout=30)
    disk = Disk.real(tmp_path)
    kept = [each for name in disk.list("log") for each in read_generation(disk, f"log/{name}")[0]]
    assert [(tenant, each.digest()) for _, tenant, each, *_ in kept] == [("default", batch.digest())]


def test_a_second_one_on_the_same_directory_is_refused_with_the_firsts_pid(tmp_path):
    with start(free_ports(), tmp_path) as first:
        greeting(first)
        with start(free_ports(), tmp_path) as second:
            _, err = second.communicate(timeout=30)
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=30)
    assert (second.returncode, first.returncode) == (2, 0)
    assert f"is in use by pid {first.pid}" in err


@pytest.mark.parametrize("name", [each for each in NAMES if each != "OTLP/gRPC"])
def test_a_port_in_use_is_named_with_its_owner_and_the_others_serve(name, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {**free_ports(), name: taken.getsockname()[1]}
        with start(ports, tmp_path) as process:
            said = greeting(process)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
    left_out = [line for line in said.splitlines() if "not served" in line]
    (line,) = [line for line in left_out if line.strip().startswith(name)]
    of_the_ui = [each for each in left_out if "answered by the process that serves the UI" in each]
    assert len(left_out) == 1 + (len(of_the_ui) if name == "UI" else 0)
    assert f"is already in use by pid {os.getpid()} (" in line
    assert process.returncode == 0


def test_without_the_port_of_otlp_grpc_there_is_nothing_to_run(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {**free_ports(), "OTLP/gRPC": taken.getsockname()[1]}
        with start(ports, tmp_path) as process:
            _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith(f"error: 127.0.0.1:{ports['OTLP/gRPC']} is already in use by pid {os.getpid()} (")
    assert "`otelier --print-config > otelier.yaml`" in err
