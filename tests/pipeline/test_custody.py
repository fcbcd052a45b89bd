"""For every path it is known who answers for an item, and what a kill can lose."""

from otelier.component import Custody, CustodyKind
from otelier.pipeline.custody import custody_points


def points(world, text, pipeline=0):
    graph = world.graph(text)
    return [(p.path, str(p), p.loss_windows) for p in custody_points(graph, graph.pipelines[pipeline])]


def config(pipelines: str) -> str:
    return f"""
receivers: {{in: }}
processors: {{keep: , wait: {{size: 10}}, wait/2: {{size: 20}}}}
exporters: {{out: , direct: }}
connectors: {{link: }}
service:
  pipelines:
{pipelines}
"""


def test_the_first_that_buffers_answers_and_every_buffer_from_there_on_can_lose(world):
    text = config("    traces: {receivers: [in], processors: [keep, wait, wait/2], exporters: [out]}")
    assert points(world, text) == [
        (("keep", "wait", "wait/2", "out"), "wait buffers", ("wait: up to 10 items", "wait/2: up to 20 items"))
    ]


def test_where_nothing_buffers_each_path_has_its_own_answer(world):
    text = config("    traces: {receivers: [in], processors: [keep], exporters: [out, direct]}")
    assert points(world, text) == [
        (("keep", "out"), "out stores", ()),
        (("keep", "direct"), "whoever direct sends to: senders get its answer", ()),
    ]


def test_what_is_not_kept_is_said_in_the_pipelines_of_that_signal_alone(world, monkeypatch):
    text = config("""
    traces: {receivers: [in], exporters: [out]}
    metrics: {receivers: [in], exporters: [out]}
    metrics/2: {receivers: [in], processors: [wait], exporters: [out]}""")
    graph = world.graph(text)
    for out in (each for each in world.made if str(each.ctx.id) == "out"):
        monkeypatch.setattr(
            out, "custody", lambda: Custody(CustodyKind.STORES, not_kept={"metrics": "no metrics here"})
        )
    shown = [(str(p), p.loss_windows) for pipeline in graph.pipelines for p in custody_points(graph, pipeline)]
    assert shown == [
        ("out stores", ()),
        ("nobody: no metrics here", ()),
        ("wait buffers", ("wait: up to 10 items", "out: no metrics here")),
    ]


def test_connectors_are_followed_into_the_pipelines_that_they_begin(world):
    text = config("""
    traces: {receivers: [in], exporters: [link, out]}
    metrics: {receivers: [link], processors: [wait], exporters: [direct]}
    traces/2: {receivers: [link], exporters: [out]}""")
    assert points(world, text) == [
        (("link", "out"), "out stores", ()),
        (("link", "wait", "direct"), "wait buffers", ("wait: up to 10 items",)),
        (("out",), "out stores", ()),
    ]
