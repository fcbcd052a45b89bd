"""What is printed is what would run: with defaults, without secrets, and it can be loaded again."""

import json

import pytest
import yaml
from click.testing import CliRunner

from otelier.cli import main

TEXT = """
receivers: {otlp/in: {protocols: {grpc: }}}
processors: {batch: {timeout: 1m30s}}
exporters:
  otlphttp/out:
    endpoint: https://user:hunter2@backend.example:4318
    headers: {authorization: "Bearer hunter2", x-cost: "5$$"}
  nop:
service:
  telemetry: {resource: {api_key: hunter2, team: blue}}
  pipelines: {traces: {receivers: [otlp/in], processors: [batch], exporters: [otlphttp/out]}}
"""


def printed(*words: str, text: str = TEXT) -> str:
    done = CliRunner().invoke(main, ["print-config", "--config", f"yaml:{text}", *words])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_every_default_is_there_and_values_are_written_as_the_collector_reads_them():
    tree = yaml.safe_load(printed())
    assert tree["processors"]["batch"]["timeout"] == "90s"
    assert tree["processors"]["batch"]["send_batch_size"] == 8192
    assert tree["service"]["telemetry"]["logs"]["level"] == "info"
    assert "nop" in tree["exporters"]


@pytest.mark.parametrize("format_", ["yaml", "json"])
def test_secrets_are_hidden_unless_asked_for(format_):
    assert "hunter2" not in printed("--format", format_)
    shown = printed("--format", format_, "--mode", "unredacted")
    assert shown.count("hunter2") == 3
    assert "blue" in printed("--format", format_)


def test_what_is_printed_unredacted_is_the_same_configuration():
    once = printed("--mode", "unredacted")
    assert printed("--mode", "unredacted", text=once) == once


def test_json_is_the_same_tree_as_yaml():
    assert json.loads(printed("--format", "json")) == yaml.safe_load(printed())


def test_later_sources_and_set_are_merged_in():
    tree = yaml.safe_load(
        printed("--config", "yaml:processors::batch::timeout: 2s", "--set", "processors.batch.send_batch_size=7")
    )
    assert (tree["processors"]["batch"]["timeout"], tree["processors"]["batch"]["send_batch_size"]) == ("2s", 7)
