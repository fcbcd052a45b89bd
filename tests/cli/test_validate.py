"""A sound configuration is summed up: what flows where, who answers for it, what is worth knowing."""

import json
import os
import pty
import subprocess
import sys

from click.testing import CliRunner

from otelier.cli import main

TEXT = """
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}}
processors: {batch: {timeout: 300ms}, batch/unused: }
exporters: {otlp_grpc/a: {endpoint: "127.0.0.1:4317"}, nop: }
extensions: {memory_ballast: }
service:
  extensions: [memory_ballast]
  pipelines:
    traces: {receivers: [otlp], processors: [batch], exporters: [otlp/a]}
    logs: {receivers: [otlp], exporters: [nop]}
"""


def summary(text: str = TEXT):
    done = CliRunner().invoke(main, ["validate", "--config", f"yaml:{text}"])
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_each_pipeline_has_its_chain_its_point_of_custody_and_its_loss_window():
    traces, logs = summary()["pipelines"]
    assert (traces["receivers"], traces["processors"], traces["exporters"]) == (["otlp"], ["batch"], ["otlp_grpc/a"])
    assert traces["custody"][0]["with"] == "batch buffers"
    assert [window.partition(":")[0] for window in traces["custody"][0]["a kill loses"]] == ["batch", "otlp_grpc/a"]
    assert logs["custody"][0] == {"path": ["nop"], "with": "nop stores", "a kill loses": []}


def test_what_is_unused_removed_upstream_or_spelled_in_two_ways_is_said():
    said = summary()
    assert said["unused"] == ["processor batch/unused"]
    assert said["spellings"] == ["exporter `otlp_grpc/a` is read as `otlp`: two spellings of one type"]
    assert len(said["warnings"]) == 1
    assert "memory_ballast" in said["warnings"][0]


OTTL = """
receivers: {otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}}
processors:
  transform:
    trace_statements:
      - {context: span, statements: ['delete_key(attributes, "a")']}
      - {context: span, statements: ['set(name, ToUpperCase(name))']}
  filter: {traces: {span: ['attributes["http.route"] == "/healthz"']}}
exporters: {nop: }
service:
  pipelines:
    traces: {receivers: [otlp], processors: [transform, filter], exporters: [nop]}
"""


def test_it_explains_which_statements_are_native_when_asked():
    done = CliRunner().invoke(main, ["validate", "--explain", "--config", f"yaml:{OTTL}"])
    [pipeline] = json.loads(done.stdout)["pipelines"]
    assert pipeline["explained"] == [
        {"component": "transform", "part": 'delete_key(attributes, "a")', "runs": "native"},
        {
            "component": "transform",
            "part": "set(name, ToUpperCase(name))",
            "runs": "interpreted: ToUpperCase is not native",
        },
        {"component": "filter", "part": 'attributes["http.route"] == "/healthz"', "runs": "native"},
    ]
    assert "explained" not in summary(OTTL)["pipelines"][0]


def test_people_get_lines_on_a_terminal():
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "otelier", "validate", "--config", f"yaml:{TEXT}"]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=True)
    os.close(theirs)
    shown = b""
    try:
        while block := os.read(ours, 4096):
            shown += block
    except OSError:  # the end of a terminal whose other side is closed
        pass
    os.close(ours)
    assert done.stderr == ""
    text = shown.decode()
    assert "otlp → batch → otlp_grpc/a" in text
    assert "custody: batch buffers" in text
    assert "a kill -9 loses: nothing that was acknowledged" in text


def test_a_feature_gate_is_told_what_does_the_same_here():
    gates = "+connector.spanmetrics.legacyMetricNames,-processor.tailsamplingprocessor.recordpolicy"
    done = CliRunner().invoke(main, ["validate", "--config", f"yaml:{TEXT}", "--feature-gates", gates])
    assert done.exit_code == 0
    assert "note: instead of connector.spanmetrics.legacyMetricNames set `compat: 0.108`" in done.stderr
    assert "record_policy" not in done.stderr, "it was to be off"


def test_feature_gates_are_taken_with_a_note():
    done = CliRunner().invoke(main, ["validate", "--config", f"yaml:{TEXT}", "--feature-gates", "+a.b,-c"])
    assert done.exit_code == 0
    assert "+a.b,-c" in done.stderr


def test_choices_that_matter_are_remarked_with_their_place():
    text = TEXT.replace("batch/unused: ", "batch/unused: , memory_limiter: {check_interval: 1s, limit_mib: 100}")
    said = summary(text.replace("processors: [batch]", "processors: [batch, memory_limiter]"))
    (remark,) = said["remarks"]
    assert remark.endswith("(put it first in the pipeline)")
    assert ":9:" in remark
    assert summary()["remarks"] == []
