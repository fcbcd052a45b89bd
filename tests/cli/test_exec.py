"""A program under `otelier exec` gets the environment, its own exit code and its own signals."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from otelier.cli.exec_ import instrumentation, is_python, service_name, telemetry_environment

SHOP = Path("/srv/shop")


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("python cart.py", "cart"),
        ("python3.12 -u src/cart.py --port 1", "cart"),
        ("python -W ignore cart.py", "cart"),
        ("python -m cart.main", "cart"),
        ("/usr/bin/python3 app.py", "shop"),
        ("python services/pay/main.py", "pay"),
        ("python -c pass", "shop"),
        ("python", "shop"),
        ("uvicorn cart:app", "shop"),
        ("flask run", "shop"),
        ("./cart.py", "cart"),
        ("node index.js", "shop"),
    ],
)
def test_the_service_is_named_after_the_script_or_the_folder(program, name):
    assert service_name(program.split(), SHOP) == name


def test_all_three_signals_go_to_this_machine_unless_said_otherwise():
    assert telemetry_environment(["python", "cart.py"], {}, SHOP) == {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
        "OTEL_SERVICE_NAME": "cart",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "otlp",
        "OTEL_LOGS_EXPORTER": "otlp",
        "OTEL_PYTHON_LOGGING_AUTO_INSTRUMENTATION_ENABLED": "true",
    }


def test_what_is_set_stays_and_the_endpoint_follows_the_protocol():
    environment = {
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        "OTEL_TRACES_EXPORTER": "console",
        "OTEL_RESOURCE_ATTRIBUTES": "team=a,service.name=till",
    }
    added = telemetry_environment(["python", "cart.py"], environment, SHOP)
    assert added["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4317"
    assert not added.keys() & {"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME"}


def test_an_endpoint_given_by_option_wins_over_the_environment():
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1"}
    added = telemetry_environment(["python", "cart.py"], environment, SHOP, "http://b:2")
    assert added["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://b:2"


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_instrumentation_beside_the_interpreter_is_used_never_that_of_another_environment(tmp_path):
    mine = script(tmp_path / "venv/bin/python", "#!/bin/sh\n")
    script(tmp_path / "other/bin/python", "#!/bin/sh\n")
    theirs = script(tmp_path / "other/bin/opentelemetry-instrument", "#!/bin/sh\n")
    path = str(tmp_path / "other/bin")
    assert instrumentation([str(mine), "app.py"], path) is None
    assert instrumentation(["python", "app.py"], path) == str(theirs)
    beside = script(tmp_path / "venv/bin/opentelemetry-instrument", "#!/bin/sh\n")
    assert instrumentation([str(mine), "app.py"], path) == str(beside)


def test_only_python_programs_are_instrumented(tmp_path):
    script(tmp_path / "opentelemetry-instrument", "#!/bin/sh\n")
    tool = script(tmp_path / "tool", "#!/usr/bin/env python3\n")
    other = script(tmp_path / "other", "#!/bin/sh\n")
    assert is_python([str(tool)])
    assert instrumentation(["tool"], str(tmp_path)) == str(tmp_path / "opentelemetry-instrument")
    assert not is_python([str(other)])
    assert instrumentation(["other"], str(tmp_path)) is None
    assert instrumentation(["nowhere"], str(tmp_path)) is None


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        [sys.executable, "-m", "otelier", "exec", *words],
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_childs_exit_code_and_output_are_its_own():
    program = "import os, sys; print(os.environ['OTEL_SERVICE_NAME']); sys.exit(7)"
    done = run("--", sys.executable, "-c", program, OTEL_SERVICE_NAME="cart")
    assert (done.returncode, done.stdout) == (7, "cart\n")


def test_a_signal_reaches_the_child_itself():
    done = run("--", sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert done.returncode == -signal.SIGTERM


def test_without_instrumentation_it_says_how_to_get_it(tmp_path):
    python = script(tmp_path / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    done = run("--", str(python), "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert "opentelemetry-bootstrap" in done.stderr


def test_instrumentation_runs_the_program(tmp_path):
    python = script(tmp_path / "python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    script(tmp_path / "opentelemetry-instrument", '#!/bin/sh\necho instrumented\nexec "$@"\n')
    done = run("--", str(python), "-c", "print('ran')")
    assert done.stdout.splitlines() == ["instrumented", "ran"]
    assert done.stderr == ""


@pytest.mark.parametrize(("name", "code"), [("no-such-program-here", 127), ("/", 126)])
def test_what_cannot_be_run_is_said_with_the_shells_exit_codes(name, code):
    done = run("--", name)
    assert done.returncode == code
    assert done.stderr.startswith(f"error: can't run {name}: ")
    assert done.stderr.count("\n") == 1
