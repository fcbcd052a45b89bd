"""The query process as its parent keeps it: started, told, watched, ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from otelier.api.options import decode
from otelier.component import ConfigError, Duration, Meter, Secret, StartError, SystemClock
from otelier.config import load
from otelier.extensions.otelier_query import (
    LokiSettings,
    OtelierQuery,
    OtelierQueryConfig,
    PrometheusSettings,
    TempoSettings,
)
from otelier.pipeline.graph import build
from otelier.pipeline.interpret import interpret
from otelier.server.http import HttpServerSettings
from otelier.server.tls import TlsServerSettings
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.telemetry import Batch
from otelier.testing import component_context

WAIT_S = 30


def get(address: tuple[str, int], path: str, **headers: str):
    request = urllib.request.Request(f"http://{address[0]}:{address[1]}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return answer.read()


@pytest.fixture
def query(tmp_path: Path) -> Iterator[OtelierQuery]:
    config = OtelierQueryConfig(endpoint="127.0.0.1:0", data_dir=str(tmp_path))
    extension = OtelierQuery(config, component_context("otelier_query", clock=SystemClock()))
    extension.start()
    yield extension
    extension.stop(time.monotonic() + WAIT_S)


def until(true) -> None:
    give_up = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < give_up
        threading.Event().wait(0.01)


def test_it_answers_before_there_is_a_store_and_finds_what_comes(query: OtelierQuery, tmp_path: Path):
    address = query.address()
    assert json.loads(get(address, "/api/v3/services")) == {"services": []}
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), SystemClock(), Meter())
    try:
        engine.append("default", one_span())
        assert json.loads(get(address, "/api/v3/services")) == {"services": ["shop"]}
    finally:
        close_store(engine)


def one_span() -> Batch:
    span = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "x", "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    request = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    return Batch.from_json("traces", json.dumps(request).encode())


def test_a_process_that_dies_is_started_again_counted_and_logged(query: OtelierQuery, caplog: pytest.LogCaptureFixture):
    query.address()
    first = query.pid
    assert first
    os.kill(first, signal.SIGKILL)
    until(lambda: query.pid not in (None, first))
    assert get(query.address(), "/metrics")
    assert "was ended by signal 9; starting it again" in caplog.text
    [restarts] = [each for each in query.ctx.meter.collect() if each.name == "otelier_query_restarts"]
    assert list(restarts.values.values()) == [1]


def test_stop_ends_the_process(query: OtelierQuery):
    query.address()
    pid = query.pid
    assert pid
    query.stop(time.monotonic() + WAIT_S)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_signals_to_all_processes_of_a_service_do_not_end_it_before_its_parent_says_so(query: OtelierQuery):
    address, pid = query.address(), query.pid
    assert pid
    assert os.getpgid(pid) != os.getpgid(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    assert get(address, "/metrics")
    assert query.pid == pid


def test_telemetry_that_comes_in_goes_before_questions(query: OtelierQuery):
    assert query.address()
    assert os.getpriority(os.PRIO_PROCESS, query.pid or 0) > os.getpriority(os.PRIO_PROCESS, 0)


def test_it_ends_when_its_parent_is_killed(tmp_path: Path):
    program = (
        "import sys; from otelier.extensions.otelier_query import *; from otelier.testing import component_context\n"
        "from otelier.component import SystemClock\n"
        "config = OtelierQueryConfig(endpoint='127.0.0.1:0', data_dir=sys.argv[1])\n"
        "extension = OtelierQuery(config, component_context('otelier_query', clock=SystemClock()))\n"
        "extension.start(); extension.address(); print(extension.pid, flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    until(lambda: not alive(pid))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_tempo_s_api_is_left_out_unless_it_is_asked_for(query: OtelierQuery):
    with pytest.raises(LookupError, match="tempo"):
        query.address("tempo")


def test_tempo_s_api_has_a_port_of_its_own(tmp_path: Path):
    config = OtelierQueryConfig(
        endpoint="127.0.0.1:0", data_dir=str(tmp_path), tempo=TempoSettings(endpoint="127.0.0.1:0")
    )
    extension = OtelierQuery(config, component_context("otelier_query", clock=SystemClock()))
    extension.start()
    try:
        assert extension.address("tempo") != extension.address()
        assert get(extension.address("tempo"), "/api/echo") == b"echo"
        assert b"Otelier" in get(extension.address(), "/")
    finally:
        extension.stop(time.monotonic() + WAIT_S)
    assert TempoSettings().endpoint == "localhost:3200"
    assert built("tempo: ").extensions[0].component.cfg.tempo == TempoSettings()


@pytest.mark.parametrize("which", ["ui", "tempo"])
def test_a_port_in_use_is_a_start_error_that_names_it(tmp_path: Path, which: str):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ports = {"ui": 0, "tempo": 0, which: port}
        tempo = TempoSettings(endpoint=f"127.0.0.1:{ports['tempo']}")
        config = OtelierQueryConfig(endpoint=f"127.0.0.1:{ports['ui']}", data_dir=str(tmp_path), tempo=tempo)
        extension = OtelierQuery(config, component_context("otelier_query", clock=SystemClock()))
        with pytest.raises(StartError, match=f"127.0.0.1:{port} is already in use by pid {os.getpid()}"):
            extension.start()


@pytest.mark.proves("otelier_query.{allowed_hosts,queries_at_once,query_timeout,query_spans,query_bytes}")
def test_all_settings_of_the_server_reach_the_process():
    config = OtelierQueryConfig(
        endpoint="127.0.0.1:1",
        data_dir="/data",
        allowed_hosts=("*.example.com",),
        queries_at_once=3,
        query_timeout=Duration(1.5),
        query_spans=7,
        query_bytes=8,
        response_headers={"x-a": Secret("secret")},
        read_timeout=Duration(1.5),
        tls=TlsServerSettings(cert_file="c", key_pem=Secret("k"), reload_interval=Duration(60)),
    )
    options = decode(config.options(config.directory(())))
    assert options.server.endpoint == "127.0.0.1:1"
    assert options.server.response_headers["x-a"].reveal() == "secret"
    assert options.server.read_timeout == 1.5
    assert options.server.tls == config.tls
    assert options.tempo is None
    assert options.server == HttpServerSettings(**{f: getattr(config, f) for f in HttpServerSettings.__struct_fields__})
    assert (options.data_dir, options.allowed_hosts, options.queries_at_once) == ("/data", ("*.example.com",), 3)
    assert (options.limits.time_s, options.limits.rows, options.limits.bytes) == (1.5, 7, 8)


@pytest.mark.proves("otelier_query.prometheus.{lookback_delta,max_samples,timeout}")
def test_all_settings_of_prometheus_api_reach_the_process():
    prometheus = PrometheusSettings(lookback_delta=Duration(60), max_samples=5, timeout=Duration(3))
    config = OtelierQueryConfig(endpoint="127.0.0.1:1", data_dir="/data", prometheus=prometheus)
    options = decode(config.options(config.directory(())))
    assert options.prometheus
    found = options.prometheus.engine()
    assert (found.lookback_ms, found.max_samples, found.timeout_s) == (60_000, 5, 3.0)


@pytest.mark.proves("otelier_query.loki.pushes_to")
def test_where_lokis_pushes_go_reaches_the_process():
    loki = LokiSettings(pushes_to="localhost:3500")
    config = OtelierQueryConfig(endpoint="127.0.0.1:1", data_dir="/data", loki=loki)
    assert decode(config.options(config.directory(()))).loki_pushes_to == "localhost:3500"
    assert list(loki.problems()) == []
    for wrong, said in (("http://localhost:3500", "is a URL"), ("localhost:0", "not 0"), ("localhost", "no port")):
        [(key, problem)] = LokiSettings(pushes_to=wrong).problems()
        assert key == "pushes_to"
        assert said in problem


def test_lokis_api_is_served_where_it_is_asked_for(tmp_path: Path):
    config = OtelierQueryConfig(
        endpoint="127.0.0.1:0", data_dir=str(tmp_path), loki=LokiSettings(endpoint="127.0.0.1:0")
    )
    extension = OtelierQuery(config, component_context("otelier_query", clock=SystemClock()))
    extension.start()
    try:
        assert get(extension.address("loki"), "/ready") == b"ready\n"
        assert extension.address("loki") != extension.address()
    finally:
        extension.stop(time.monotonic() + WAIT_S)


def test_lokis_api_has_the_usual_port_and_is_left_out_by_default(query: OtelierQuery):
    assert LokiSettings().endpoint == "localhost:3100"
    with pytest.raises(LookupError, match="loki"):
        query.address("loki")
    outside = OtelierQueryConfig(loki=LokiSettings(endpoint=":3100"))
    assert "anyone who reaches :3100 can read" in next(outside.warnings())


def directory_of(data_dir: str, *written: str) -> str:
    return str(OtelierQueryConfig(data_dir=data_dir).directory([StoreSettings(data_dir=each) for each in written]))


@pytest.mark.proves("otelier_query.data_dir")
def test_it_shows_what_the_exporter_writes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTELIER_DATA_DIR", "/default")
    assert directory_of("", "/a") == "/a"
    assert directory_of("", "/a", "/a") == "/a"
    assert directory_of("/b", "/a", "/b") == "/b"
    assert directory_of("", "") == "/default"
    assert directory_of("") == "/default"
    assert directory_of("/other") == "/other"


def test_a_directory_that_no_exporter_writes_or_one_of_several_is_a_problem():
    with pytest.raises(ValueError, match="data_dir is /b, but the exporter `otelier` writes to /a"):
        directory_of("/b", "/a")
    with pytest.raises(ValueError, match="data_dir must say which one, because exporters `otelier` write to /a, /b"):
        directory_of("", "/b", "/a")


def test_what_is_read_of_a_bucket_has_a_folder_of_its_own(tmp_path: Path):
    """Else the folder is marked as a reader's, and the exporter refuses it from then on, `storage` or not."""
    config = OtelierQueryConfig(storage="s3://traces", data_dir=str(tmp_path))
    with pytest.raises(ValueError, match=r"the exporter `otelier` writes to .*: leave `storage` out"):
        config.directory([StoreSettings(data_dir=str(tmp_path))])
    assert not list(tmp_path.iterdir())
    assert config.directory([StoreSettings(data_dir="/elsewhere")]) == tmp_path
    assert list(tmp_path.iterdir())


def built(extension: str):
    text = f"""
receivers: {{otlp: {{protocols: {{grpc: }}}}}}
exporters: {{otelier: {{data_dir: /a}}, otelier/unused: {{data_dir: /b}}}}
extensions: {{otelier_query: {{{extension}}}}}
service: {{extensions: [otelier_query], pipelines: {{traces: {{receivers: [otlp], exporters: [otelier]}}}}}}
"""
    return build(interpret(load([f"yaml:{text}"])), SystemClock())


def test_it_knows_the_exporters_of_the_configuration_that_are_in_use():
    [query] = built("").extensions
    assert [each.data_dir for each in query.component.ctx.exporters] == ["/a"]
    with pytest.raises(ConfigError, match="extension otelier_query: data_dir is /b, but the exporter"):
        built("data_dir: /b")


def test_it_is_on_localhost_16686_by_default_and_warns_where_strangers_can_read():
    assert OtelierQueryConfig().endpoint == "localhost:16686"
    assert list(OtelierQueryConfig().warnings()) == []
    assert "can read all that is stored" in next(OtelierQueryConfig(endpoint=":16686").warnings())
    [warning] = OtelierQueryConfig(tempo=TempoSettings(endpoint=":3200")).warnings()
    assert warning.startswith("anyone who reaches :3200 can read")


def test_the_collector_loads_nothing_of_the_query_side():
    program = (
        "import sys; from otelier.component.registry import load_components; load_components()\n"
        "print([name for name in sys.modules if name.startswith(('otelier.api', 'otelier.query', 'otelier.ui'))])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"
