"""`otelier prometheus` takes Prometheus's flags."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from otelier.cli.prometheus import command, configuration
from otelier.config import load
from otelier.pipeline.interpret import interpret


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, list(words))
    return done.exit_code, done.output


def made(tmp_path: Path, **keys) -> str:
    return configuration(
        config_file=str(tmp_path / "prometheus.yml"), path=str(tmp_path / "$data"), address="127.0.0.1:0",
        retention_s=86400, size=1 << 30, lookback_s=300, timeout_s=120, most=100, level="warn",
        **keys,
    )  # fmt: skip


def test_flags_become_a_configuration(tmp_path: Path) -> None:
    plan = interpret(load([f"yaml:{made(tmp_path)}"]))
    (exporter,) = {each.config for pipeline in plan.pipelines for each in pipeline.exporters}
    assert exporter.data_dir == str(tmp_path / "$data")
    assert exporter.metrics_retention.max_age == 86400
    assert exporter.metrics_retention.max_bytes == 1 << 30
    query = json.loads(made(tmp_path))["extensions"]["otelier_query"]["prometheus"]
    assert (query["endpoint"], query["max_samples"]) == ("127.0.0.1:0", 100)


def test_further_names_are_answered_where_the_user_says_so(tmp_path: Path) -> None:
    for names in ((), ("metrics.example.com", "*.internal", "a$b")):
        plan = interpret(load([f"yaml:{made(tmp_path, allowed_hosts=names)}"]))
        (query,) = [each for each in plan.extensions if each.id.type == "otelier_query"]
        assert query.config.allowed_hosts == names


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--no.such.flag=1"], "It takes: --allowed-hosts --config.file"),
        (["--config.file=/nowhere.yml"], "there is no file /nowhere.yml"),
        (["--config.file=/dev/null"], "there is no file /dev/null"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], said: str) -> None:
    code, output = run(*words)
    assert code == 2
    assert said in output


def test_a_retention_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    file.write_text("")
    code, output = run(f"-config.file={file}", "-storage.tsdb.retention.time=5x")
    assert code == 2
    assert "--storage.tsdb.retention.time" in output
    assert "15s" in output
