"""`otelier tail` shows what is there and what comes, from a data directory and from a server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from otelier.api.application import Application
from otelier.api.options import Options
from otelier.cli import main
from otelier.cli.tail import harmless
from otelier.component import Meter, SystemClock
from otelier.server.http import HttpServerSettings
from otelier.storage.local import StoreSettings, close_store, open_store
from otelier.testing import log_record, logs, span, span_id, trace_id, traces

CLOCK = SystemClock()


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A minute ago, a service and another one did something."""
    then = CLOCK.time_ns() - 60 * 10**9
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), CLOCK, Meter())
    records = [
        log_record("작업을 시작합니다", number=9, time_ns=then),
        log_record(
            "결제 실패: timeout", number=17, trace=1, time_ns=then + 1, attributes={"code": 504, "why": "no answer"}
        ),
    ]
    engine.append("default", logs(*records))
    engine.append("default", logs(log_record("warm", number=13, time_ns=then + 2), resource={"service.name": "cart"}))
    engine.append("default", traces(span("POST /pay", start_ns=then, duration_ns=12_500_000, status="ERROR")))
    engine.append("default", traces(span("GET /cart", trace=2, start_ns=then + 9), resource={"service.name": "cart"}))
    yield tmp_path
    close_store(engine)


@pytest.fixture(params=["directory", "server"])
def where(request: pytest.FixtureRequest, directory: Path) -> Iterator[list[str]]:
    if request.param == "directory":
        yield ["--data-dir", str(directory)]
        return
    settings = HttpServerSettings(endpoint="127.0.0.1:0")
    application = Application(Options(server=settings, data_dir=str(directory)))
    application.start()
    yield ["--url", "http://{}:{}".format(*application.address)]
    application.stop(5)


def tail(*words: str) -> Result:
    return CliRunner().invoke(main, ["tail", "--no-follow", "--since", "1h", *words])


def shown(*words: str) -> list[str]:
    """Without the clock's time, which depends on the zone."""
    answer = tail(*words)
    assert answer.exit_code == 0, answer.output
    return [line.partition(" ")[2] for line in answer.stdout.splitlines()]


def test_logs_and_traces_come_in_the_order_of_time(where: list[str]) -> None:
    one, two = trace_id(1).hex(), trace_id(2).hex()
    assert shown(*where) == [
        "INFO  shop 작업을 시작합니다",
        f"TRACE shop POST /pay 12.5 ms, 1 span, 1 with errors {one}",
        f'ERROR shop 결제 실패: timeout code=504 span_id={span_id(1).hex()} trace_id={one} why="no answer"',
        "WARN  cart warm",
        f"TRACE cart GET /cart 1 ms, 1 span {two}",
    ]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--service", "cart"], ["WARN  cart warm", "TRACE cart GET /cart"]),
        (["--severity", "warn", "--no-traces"], ["ERROR shop 결제 실패", "WARN  cart warm"]),
        (["--severity", "error"], ["TRACE shop POST /pay", "ERROR shop 결제 실패"]),
        (["--words", "작업"], ["INFO  shop 작업을 시작합니다"]),
        (["--words", "pay"], ["TRACE shop POST /pay"]),
        (["--query", '{service_name="shop"} |= "timeout"'], ["ERROR shop 결제 실패"]),
        (["--no-logs", "--service", "cart"], ["TRACE cart GET /cart"]),
        (["--tenant", "other"], []),
    ],
)
def test_only_what_is_wanted(where: list[str], options: list[str], lines: list[str]) -> None:
    found = shown(*where, *options)
    assert len(found) == len(lines)
    assert all(line.startswith(begin) for line, begin in zip(found, lines, strict=True)), found


def test_a_text_of_several_lines_is_one_line_with_each_escaped_once(tmp_path: Path) -> None:
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), CLOCK, Meter())
    trace = 'Traceback\n  File "a.py", line 1'
    engine.append("default", logs(log_record("failed", time_ns=CLOCK.time_ns(), attributes={"trace": trace})))
    answer = tail("--data-dir", str(tmp_path))
    close_store(engine)
    assert answer.stdout.strip().endswith(r'failed trace="Traceback\n  File \"a.py\", line 1"')


def test_json_has_everything(directory: Path) -> None:
    answer = tail("--data-dir", str(directory), "--json", "--service", "shop")
    first, second, third = map(json.loads, answer.stdout.splitlines())
    assert (first["kind"], first["line"], first["labels"]["severity_number"]) == ("log", "작업을 시작합니다", "9")
    assert (second["kind"], second["name"], second["errors"]) == ("trace", "POST /pay", 1)
    assert third["labels"]["code"] == "504"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--since", "soon"], "not a time such as 10m"),
        (["--since", "0s"], "say how far back to look, such as --since 1h"),
        (["--query", "{a=b}"], "parse error at line 1, col 4"),
        (["--query", "rate({}[1m])"], "metric query"),
        (["--url", "http://127.0.0.1:1"], "nobody answers at http://127.0.0.1:1: "),
        (["--url", "127.0.0.1:16686"], "did you mean http://127.0.0.1:16686?"),
        (["--tenant", "a/b"], "not a name of a tenant"),
    ],
)
def test_what_can_not_be_is_said(directory: Path, options: list[str], reason: str) -> None:
    answer = tail("--data-dir", str(directory), *options)
    assert answer.exit_code != 0
    assert reason in answer.output


def test_who_has_read_enough_is_told_nothing(tmp_path: Path) -> None:
    engine = open_store(StoreSettings(data_dir=str(tmp_path)), CLOCK, Meter())
    now = CLOCK.time_ns()
    engine.append("default", logs(*(log_record("x" * 1000, time_ns=now + n) for n in range(500))))
    words = ["tail", "--no-follow", "--since", "1h", "--data-dir", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "otelier", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    close_store(engine)


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    answer = tail("--data-dir", str(tmp_path / "typo"))
    assert (answer.exit_code, "there is no data directory at" in answer.stderr) == (1, True)


def test_a_sender_does_not_steer_the_terminal() -> None:
    assert harmless("a\x1b[2J\n작\u202e") == "a\\x1b[2J\\n작\\u202e"
