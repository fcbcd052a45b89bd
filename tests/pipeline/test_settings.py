"""Where own metrics are served, whatever form a configuration says it in."""

import pytest

from otelier.config import decode, load
from otelier.pipeline.settings import MetricSettings
from otelier.server.metrics_endpoint import PrometheusReader


def endpoints(yaml: str) -> list[PrometheusReader]:
    document = load([f"yaml:{yaml}"])
    return decode(MetricSettings, document.tree, (), document).endpoints()


@pytest.mark.proves(
    "service.telemetry.metrics.{level,address,views,readers.periodic}", "server.PrometheusReader.{host,port}"
)
@pytest.mark.parametrize(
    ("yaml", "places"),
    [
        ("{level: normal}", [("localhost", 8888)]),
        ("{level: none}", []),
        ("{address: '0.0.0.0:9999'}", [("0.0.0.0", 9999)]),
        ("{readers: [{pull: {exporter: {prometheus: {host: 127.0.0.9, port: 1}}}}]}", [("127.0.0.9", 1)]),
        ("{readers: [{periodic: {interval: 1000}}]}", []),
        ("{views: [{selector: {instrument_name: x}, stream: {aggregation: {drop: {}}}}]}", [("localhost", 8888)]),
    ],
)
def test_where_own_metrics_are_served(yaml, places):
    assert [(reader.host, reader.port) for reader in endpoints(yaml)] == places
