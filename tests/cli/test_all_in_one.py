"""All in one: one configuration that serves whatever ports are free."""

import itertools
from pathlib import Path

import pytest
from click.testing import CliRunner

from otelier.cli import main
from otelier.cli.all_in_one import USUAL, configuration
from otelier.config import load
from otelier.pipeline.interpret import interpret

OTHERS = [what for what in USUAL if what != "OTLP/gRPC"]
DATA = Path("/data of $HOME/${env:X}")


@pytest.mark.parametrize("left_out", [c for n in range(4) for c in itertools.combinations(OTHERS, n)])
def test_whatever_port_is_taken_the_rest_is_a_sound_configuration(left_out):
    ports = {what: port for what, port in USUAL.items() if what not in left_out}
    plan = interpret(load([f"yaml:{configuration(ports, DATA)}"]))
    assert [str(pipeline.id) for pipeline in plan.pipelines] == ["traces", "metrics", "logs"]
    assert [reader.port for reader in plan.settings.telemetry.metrics.endpoints()] == [
        8888 for _ in ["own metrics"] if "own metrics" not in left_out
    ]
    assert [each.id.type for each in plan.extensions] == [
        kind
        for kind, needed in (
            ("health_check", {"health"}),
            ("otelier_prometheus", {"UI", "Prometheus API"}),
            ("otelier_query", {"UI"}),
        )
        if not needed & set(left_out)
    ]
    for query in plan.extensions:
        if query.id.type == "otelier_query":
            assert (query.config.tempo is None) == ("Tempo API" in left_out)
            assert (query.config.loki is None) == ("Loki API" in left_out)
            if query.config.loki:
                pushes_to = "" if "Loki pushes" in left_out else "127.0.0.1:3500"
                assert query.config.loki.pushes_to == pushes_to
            assert (query.config.prometheus is None) == ("Prometheus API" in left_out)
    assert [each.id.type for each in plan.pipelines[2].receivers] == [
        each for each in ("otlp", "loki") if each == "otlp" or "Loki pushes" not in left_out
    ]
    protocols = plan.pipelines[0].receivers[0].config.protocols
    assert protocols.grpc.endpoint == "127.0.0.1:4317"
    assert (protocols.http is None) == ("OTLP/HTTP" in left_out)


def test_its_configuration_is_printed_for_one_of_your_own():
    done = CliRunner().invoke(main, ["--data-dir", str(DATA), "--allowed-hosts", "*.internal", "--print-config"])
    assert (done.exit_code, done.stdout) == (0, configuration(USUAL, DATA, allowed_hosts=["*.internal"]))
    assert interpret(load([f"yaml:{done.stdout}"])).pipelines[0].exporters[0].config.data_dir == str(DATA)


def plan_of(**keys):
    return interpret(load([f"yaml:{configuration(USUAL, DATA, **keys)}"]))


def test_everything_is_stored_where_the_user_says_and_queried_there():
    plan = plan_of()
    for pipeline in plan.pipelines:
        (exporter,) = pipeline.exporters
        assert (exporter.id.type, exporter.config.data_dir, exporter.config.durability) == (
            "otelier",
            str(DATA),
            "commit",
        )
    (query,) = [each for each in plan.extensions if each.id.type == "otelier_query"]
    assert (query.config.data_dir, query.config.endpoint) == (str(DATA), "127.0.0.1:16686")
    assert query.config.loki.endpoint == "127.0.0.1:3100"


def test_a_sender_may_say_which_tenant_it_is():
    protocols = plan_of().pipelines[0].receivers[0].config.protocols
    assert protocols.grpc.include_metadata
    assert protocols.http.include_metadata
    assert plan_of().pipelines[2].receivers[1].config.gives_metadata()


def test_pushed_logs_keep_their_times_as_loki_does():
    assert plan_of().pipelines[2].receivers[1].config.use_incoming_timestamp


def test_printing_is_asked_for():
    assert [each.id.type for each in plan_of(print_all=True).pipelines[0].exporters] == ["otelier", "debug"]


def test_further_names_are_answered_where_the_user_says_so():
    for names in ((), ("otelier.example.com", "*.internal", "a$b")):
        (query,) = [each for each in plan_of(allowed_hosts=names).extensions if each.id.type == "otelier_query"]
        assert query.config.allowed_hosts == names
