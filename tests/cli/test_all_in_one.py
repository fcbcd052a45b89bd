"""All in one: one configuration that serves whatever ports are free."""

import itertools

import pytest

from otelier.cli.all_in_one import USUAL, configuration
from otelier.config import load
from otelier.pipeline.interpret import interpret

OTHERS = [what for what in USUAL if what != "OTLP/gRPC"]


@pytest.mark.parametrize("left_out", [c for n in range(4) for c in itertools.combinations(OTHERS, n)])
def test_whatever_port_is_taken_the_rest_is_a_sound_configuration(left_out):
    ports = {what: port for what, port in USUAL.items() if what not in left_out}
    plan = interpret(load([f"yaml:{configuration(ports)}"]))
    assert [str(pipeline.id) for pipeline in plan.pipelines] == ["traces", "metrics", "logs"]
    assert [reader.port for reader in plan.settings.telemetry.metrics.endpoints()] == [
        8888 for _ in ["own metrics"] if "own metrics" not in left_out
    ]
    assert len(plan.extensions) == ("health" not in left_out)
    protocols = plan.pipelines[0].receivers[0].config.protocols
    assert protocols.grpc.endpoint == "127.0.0.1:4317"
    assert (protocols.http is None) == ("OTLP/HTTP" in left_out)
