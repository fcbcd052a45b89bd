"""What a service shows of itself: every pipeline with what flows through it, exactly and apart from the others."""

from otelier.pipeline.service import Service
from otelier.telemetry import Batch
from otelier.testing import FakeClock, span, traces

TEXT = """
receivers: {in: }
processors: {keep: , wait: {size: 3}, old: }
exporters: {out: , direct: }
connectors: {link: }
extensions: {ext: }
service:
  extensions: [ext]
  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}}
  pipelines:
    traces: {receivers: [in], processors: [keep, wait], exporters: [out, link]}
    traces/2: {receivers: [link], processors: [keep], exporters: [direct]}
    logs: {receivers: [in], exporters: [out]}
"""


def batch(spans: int) -> Batch:
    return traces(*(span(str(number)) for number in range(spans)))


def rows(service: Service, pipeline: str) -> list[tuple]:
    shown = service.graph.pages.read("pipelinez", {})["flow"]
    return [tuple(row.values())[:5] for row in shown["pipelines"][pipeline]]


def test_items_and_rates_stand_between_the_components_of_each_pipeline(world):
    clock = FakeClock()
    service = Service(world.plan(TEXT), clock)
    service.graph.pipelines[0].head.consume(batch(20))
    service.graph.pipelines[1].head.consume(batch(5))
    clock.advance(10)
    assert rows(service, "traces") == [
        ("receiver in", None, None, None, None),
        ("processor keep", 20, 2.0, 20, 2.0),
        ("processor wait", 20, 2.0, 20, 2.0),
        ("exporter out", 20, 2.0, None, None),
        ("connector link", 20, 2.0, None, None),
    ]
    clock.advance(10)
    service.graph.pipelines[1].head.consume(batch(5))
    assert rows(service, "traces/2") == [
        ("connector link", None, None, None, None),
        ("processor keep", 30, 0.5, 30, 0.5),
        ("exporter direct", 30, 0.5, None, None),
    ]
    assert service.graph.pages.read("pipelinez", {})["flow"]["rates_are_over_s"] == 10
    assert rows(service, "logs") == [("receiver in", *[None] * 4), ("exporter out", *[None] * 4)]


def test_what_receivers_and_exporters_count_is_shown_with_what_they_did_not_take(world):
    service = Service(world.plan(TEXT), FakeClock())
    meter = service.graph.meter
    for transport in ("grpc", "http"):
        meter.counter("otelcol_receiver_accepted_spans", "", "").add(4, receiver="in", transport=transport)
        meter.counter("otelcol_receiver_refused_spans", "", "").add(1, receiver="in", transport=transport)
    meter.counter("otelcol_exporter_sent_spans", "", "").add(7, exporter="out")
    meter.counter("otelcol_exporter_send_failed_spans", "", "").add(2, exporter="out", reason="permanent")
    meter.counter("otelcol_exporter_enqueue_failed_spans", "", "").add(3, exporter="out", reason="full")
    shown = service.graph.pages.read("pipelinez", {})["flow"]["pipelines"]["traces"]
    assert [(row["outgoing_items"], row["not_taken_items"]) for row in shown] == [
        (8, 2),
        (0, None),
        (0, None),
        (7, 5),
        (None, None),
    ]


def test_without_metrics_nothing_is_shown_between_processors(world):
    service = Service(world.plan(TEXT.replace("metrics: {", "metrics: {level: none, ")), FakeClock())
    assert rows(service, "traces")[1] == ("processor keep", None, None, None, None)


def test_the_process_its_pipelines_and_extensions_are_told(world):
    clock = FakeClock()
    service = Service(world.plan(TEXT), clock)
    clock.advance(90.5)
    told = service.graph.pages.read("servicez", {})
    assert told["process"]["uptime_s"] == 90.5
    assert told["process"]["started"] == "2023-11-14T22:13:20+00:00"
    assert told["pipelines"][1] == {
        "pipeline": "traces/2",
        "receivers": ["link"],
        "processors": ["keep"],
        "exporters": ["direct"],
    }
    assert told["configuration"]["not used, so not started"] == ["processor old"]
    (line,) = service.graph.pages.read("extensionz", {})["extensions"]
    assert line["extension"] == "ext"


def test_components_reach_the_pages_of_their_service(world):
    service = Service(world.plan(TEXT), FakeClock())
    assert {made.ctx.pages for made in world.made} == {service.graph.pages}
