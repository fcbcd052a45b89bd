"""What rules ask of metrics, traces and logs."""

import numpy as np
import pytest

from otelier.query.errors import BadQuery
from otelier.query.promql.ast import Matcher
from otelier.query.traceql.answer import Attribute, MetricsAnswer, Read, Series
from otelier.rules.sources import StoreSources
from otelier.testing import FakeClock
from otelier.testing.memory_metrics import MemoryMetrics

from .evaluation import labels


class Traces:
    def __init__(self, partial: str = "") -> None:
        self.asked: list[tuple[str, str, int, int]] = []
        self.partial = partial

    def instant(self, tenant: str, query: str, *, start_ns: int, end_ns: int) -> MetricsAnswer:
        self.asked.append((tenant, query, start_ns, end_ns))
        shop = Attribute("resource.service.name", "shop")
        series = (
            Series((Attribute("__name__", "rate"), shop, Attribute("n", 5)), np.array([2.5])),
            Series((Attribute("resource.service.name", None), Attribute("b", True)), np.array([1.0])),
            Series((Attribute("resource.service.name", "none"),), np.array([np.nan])),
        )  # fmt: skip
        return MetricsAnswer((0,), series, Read(1, 1), self.partial)


def test_a_number_is_a_series_without_labels_and_a_text_is_none() -> None:
    sources = StoreSources(MemoryMetrics(), FakeClock())
    assert sources.ask("promql", "1 + 1", 0, 0) == [((), 2.0)]
    for text in ('"x"', "up[5m]"):
        with pytest.raises(BadQuery, match="rule result is not a vector or scalar"):
            sources.ask("promql", text, 0, 0)


def test_traces_are_asked_for_a_window_and_their_names_become_labels() -> None:
    traces = Traces()
    sources = StoreSources(MemoryMetrics(), FakeClock(), "t", traces=traces)
    assert sources.ask("traceql", "{} | rate()", 100_000, 60_000) == [
        (labels(resource_service_name="shop", n="5"), 2.5),
        (labels(resource_service_name="nil", b="true"), 1.0),
    ]
    assert traces.asked == [("t", "{} | rate()", 40_000_000_001, 100_000_000_000)]
    with pytest.raises(BadQuery, match="not whole"):
        StoreSources(MemoryMetrics(), FakeClock(), traces=Traces("time")).ask("traceql", "{} | rate()", 0, 1)
    with pytest.raises(BadQuery, match="no traces"):
        StoreSources(MemoryMetrics(), FakeClock()).ask("traceql", "{} | rate()", 0, 1)
    with pytest.raises(BadQuery, match="no logs"):
        StoreSources(MemoryMetrics(), FakeClock()).ask("logql", "1", 0, 1)


def test_the_last_sample_of_a_series_that_ended_is_none() -> None:
    metrics = MemoryMetrics()
    metrics.load('a{i="1"} 1 2 3', 1000)
    metrics.load('a{i="2"} 1 2 stale', 1000)
    metrics.load('a{i="3"} 1 _', 1000)
    found = StoreSources(metrics, FakeClock()).last([Matcher("=", "__name__", "a")], -1, 5000)
    assert found == {labels(__name__="a", i="1"): (2000, 3.0), labels(__name__="a", i="3"): (0, 1.0)}
