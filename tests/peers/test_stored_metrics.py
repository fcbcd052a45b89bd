"""Remote write of real clients into our store: the Go collector's and our own exporter's, all of it read back."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from otelier.component import Meter, SystemClock
from otelier.exporters.prometheusremotewrite import PrometheusRemoteWrite
from otelier.exporters.prometheusremotewrite.config import RemoteWriteConfig
from otelier.extensions.otelier_prometheus.write import Writes
from otelier.query.gate import Gate
from otelier.query.metrics import Metrics
from otelier.query.promql.arrays import stale
from otelier.query.promql.ast import Matcher
from otelier.server.endpoint import HttpEndpoint
from otelier.server.http import HttpServerSettings
from otelier.server.router import Router
from otelier.storage.metrics import close_metrics, open_metrics
from otelier.storage.settings import RetentionSettings, StoreSettings
from otelier.telemetry import Batch
from otelier.testing import RemoteWriteSink, component_context

from .test_remote_write import made

CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:{otlp}"}}}}
exporters:
  prometheusremotewrite/sink: {endpoint: {sink}, <<: {more}}
  prometheusremotewrite/store: {endpoint: "{store}", <<: {more}}
service:
  telemetry: {metrics: {level: none}, logs: {level: warn}}
  pipelines:
    metrics: {receivers: [otlp], exporters: [prometheusremotewrite/sink, prometheusremotewrite/store]}
"""
GATE = "--feature-gates=exporter.prometheusremotewritexporter.enableSendingRW2"
V2 = "io.prometheus.write.v2.Request"
EVER = (-(2**50), 2**50)
WAIT_S = 30


class Store:
    """A metrics store with the write routes in front of it."""

    def __init__(self, directory: Path) -> None:
        settings = StoreSettings(data_dir=str(directory), retention=RetentionSettings(max_age=0))
        self.engine = open_metrics(settings, SystemClock(), Meter())
        self._reader = Metrics(directory, Gate(1, 1))
        router = Router([Writes(self.engine).group()])
        self._endpoint = HttpEndpoint(HttpServerSettings(endpoint="127.0.0.1:0"), router, "test")
        self._endpoint.start()
        self.url = "http://{}:{}/api/v1/write".format(*self._endpoint.address)

    def samples(self) -> dict[tuple, dict[int, float]]:
        """Floats but stale markers: those of native histograms can't be told from them."""
        found: dict[tuple, dict[int, float]] = {}
        for group in self._reader.storage("default", "x").select([Matcher("=~", "__name__", ".+")], *EVER):
            for column, labels in enumerate(group.labels):
                is_float = ~stale(group.values[:, column])
                if group.histograms is not None:
                    is_float &= np.array([each is None for each in group.histograms[:, column]])
                if is_float.any():
                    times = group.timestamps[is_float].tolist()
                    found[labels] = dict(zip(times, group.values[is_float, column].tolist(), strict=True))
        return found

    def stop(self) -> None:
        self._reader.close()
        self._endpoint.stop()
        close_metrics(self.engine)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "data")
    yield store
    store.stop()


def until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < give_up
        threading.Event().wait(0.05)


def expected(sink: RemoteWriteSink) -> dict[tuple, dict[int, float]]:
    """Likewise; of equal timestamps the last counts, labels are in order, empty ones are none."""
    found: dict[tuple, dict[int, float]] = {}
    for labels, samples in sink.samples.items():
        if kept := [each for each in samples if not stale(np.array(each[1]))]:
            found.setdefault(tuple(sorted(pair for pair in labels if pair[1])), {}).update(kept)
    return found


def same(found: dict[tuple, dict[int, float]], wanted: dict[tuple, dict[int, float]]) -> bool:
    return str(sorted(found.items())) == str(sorted((k, dict(sorted(v.items()))) for k, v in wanted.items()))


@pytest.mark.parametrize("version", [1, 2])
def test_what_the_go_collector_writes_is_read_back(go_collector, store: Store, version: int):
    more = f"{{protobuf_message: {V2}}}" if version == 2 else "{}"
    options = [GATE] if version == 2 else []
    body = made(7).SerializeToString()
    with RemoteWriteSink() as sink, go_collector.running(CONFIG, *options, sink=sink.url, store=store.url, more=more):
        go_collector.send("metrics", body)
        until(lambda: bool(expected(sink)) and same(store.samples(), expected(sink)))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_what_our_own_exporter_writes_is_read_back_also_from_segments(store: Store, version: int, seed: int):
    batch = Batch.from_otlp("metrics", made(seed).SerializeToString())
    message = V2 if version == 2 else "prometheus.WriteRequest"
    with RemoteWriteSink() as sink:
        for url in (sink.url, store.url):
            config = RemoteWriteConfig(endpoint=url, protobuf_message=message)
            exporter = PrometheusRemoteWrite(
                config, component_context("prometheusremotewrite", clock=SystemClock(), signal="metrics")
            )
            exporter.start()
            exporter.consume(batch)
            exporter.stop(time.monotonic() + WAIT_S)
        wanted = expected(sink)
    assert wanted
    assert same(store.samples(), wanted)
    store.engine.flush()
    assert same(store.samples(), wanted)
