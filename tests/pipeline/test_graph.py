"""Instances are shared as the Collector shares them, and wired so that data flows."""

import pytest

from otelier.component import ComponentID, ConfigError, Kind
from otelier.testing import items

TWO_TRACES = """
receivers: {in: }
processors: {keep: }
exporters: {out: , direct: }
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [in], processors: [keep], exporters: [out, direct]}
    traces/2: {receivers: [in], processors: [keep], exporters: [out]}
    logs: {receivers: [in], exporters: [out, direct]}
"""


def ids(made):
    return [str(each.ctx.id) for each in made]


@pytest.mark.proves("service.pipelines.{receivers,processors,exporters}")
def test_one_receiver_for_all_pipelines_one_exporter_a_signal_one_processor_a_pipeline(world):
    world.graph(TWO_TRACES)
    made = [(str(each.ctx.id), each.ctx.signal, each.ctx.pipeline) for each in world.made]
    assert sorted(made, key=str) == [
        ("direct", None, None),
        ("in", None, None),
        ("keep", "traces", ComponentID("traces")),
        ("keep", "traces", ComponentID("traces", "2")),
        ("out", "logs", None),
        ("out", "traces", None),
    ]


def test_a_batch_reaches_every_exporter_of_every_pipeline_of_its_signal(world):
    world.graph(TWO_TRACES)
    outputs = world.one("in").outputs
    assert set(outputs) == {"traces", "logs"}
    outputs["traces"].consume(items("traces", 2))
    assert world.out.items == 3 * 2
    outputs["logs"].consume(items("logs", 1))
    assert world.out.items == 3 * 2 + 2


def test_a_connector_joins_pipelines_one_instance_for_each_pair_of_signals(world):
    world.graph("""
receivers: {in: }
exporters: {out: }
connectors: {link: }
service:
  pipelines:
    traces/a: {receivers: [in], exporters: [link]}
    traces/b: {receivers: [in], exporters: [link]}
    traces/c: {receivers: [link], exporters: [out]}
    traces/d: {receivers: [link], exporters: [out]}
    metrics: {receivers: [link], exporters: [out]}
""")
    links = [each for each in world.made if str(each.ctx.id) == "link"]
    assert sorted((link.ctx.signal, link.ctx.output_signal) for link in links) == [
        ("traces", "metrics"),
        ("traces", "traces"),
    ]
    by_output = {link.ctx.output_signal: set(link.outputs) for link in links}
    assert by_output == {
        "traces": {ComponentID("traces", "c"), ComponentID("traces", "d")},
        "metrics": {ComponentID("metrics")},
    }
    # Two pipelines end in two links, one of which begins two pipelines.
    world.one("in").outputs["traces"].consume(items("traces", 1))
    assert world.out.items == 2 * (2 + 1)


def test_nobody_starts_before_those_whom_it_hands_batches_to(world):
    graph = world.graph("""
receivers: {in: }
processors: {keep/1: , keep/2: , keep/3: }
exporters: {out: }
connectors: {link: }
extensions: {ext: }
service:
  extensions: [ext]
  pipelines:
    traces/first: {receivers: [in], processors: [keep/1, keep/2], exporters: [link, out]}
    traces/second: {receivers: [link], processors: [keep/3], exporters: [out]}
""")
    order = graph.start_order()
    assert [str(node.id) for node in order] == ["ext", "out", "keep/3", "link", "keep/2", "keep/1", "in"]
    for at, node in enumerate(order):
        assert all(target in order[:at] for target in node.downstream)


@pytest.mark.proves("service.extensions")
def test_extensions_are_found_by_either_spelling(world):
    world.graph("""
receivers: {in: }
exporters: {out: }
extensions: {ext_ra/x: }
service:
  extensions: [ext/x]
  pipelines: {logs: {receivers: [in], exporters: [out]}}
""")
    found = world.one("out").ctx.extensions
    assert found[ComponentID("ext", "x")] is found[ComponentID("ext_ra", "x")] is world.one("ext_ra/x")


@pytest.mark.proves("service.telemetry.metrics.level")
def test_processors_are_measured_unless_metrics_are_off(world):
    def flow(level):
        world.made.clear()
        graph = world.graph(f"""
receivers: {{in: }}
processors: {{keep: }}
exporters: {{out: }}
service:
  telemetry: {{metrics: {{level: {level}}}}}
  pipelines: {{traces: {{receivers: [in], processors: [keep], exporters: [out]}}}}
""")
        world.one("in").outputs["traces"].consume(items("traces", 4))
        return {m.name: list(m.values.values()) for m in graph.meter.collect()}

    assert flow("basic")["otelcol_processor_outgoing_items"] == [4]
    assert "otelcol_processor_outgoing_items" not in flow("none")


def test_all_components_that_refuse_their_configuration_are_named_at_once(world):
    with pytest.raises(ConfigError) as caught:
        world.graph("""
receivers:
  in: {fail: setup}
exporters:
  out: {fail: setup}
service:
  pipelines: {traces: {receivers: [in], exporters: [out]}}
""")
    lines = str(caught.value).splitlines()
    assert ["receiver in: no such thing" in lines[0], "exporter out: no such thing" in lines[1]] == [True, True]


def test_labels_name_kind_id_and_place(world):
    graph = world.graph(TWO_TRACES)
    labels = {node.label for node in graph.start_order() if node.kind is not Kind.RECEIVER}
    assert labels == {
        "exporter out (traces)",
        "exporter out (logs)",
        "exporter direct",
        "processor keep (in traces)",
        "processor keep (in traces/2)",
    }
