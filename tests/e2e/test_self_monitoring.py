"""The users' self-monitoring.yaml: a collector scrapes its own metrics and pushes them by remote write."""

import socket
from pathlib import Path

import pytest

from otelier.testing.remote_write import RemoteWriteSink


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.mark.shared
def test_own_metrics_go_round(otelier, shared: Path) -> None:
    port = free_port()
    jobs = (
        f"[{{job_name: otel-collector, scrape_interval: 200ms, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]"
    )
    reader = f"[{{pull: {{exporter: {{prometheus: {{host: 127.0.0.1, port: {port}}}}}}}}}]"
    with RemoteWriteSink() as backend:
        sets = {
            "receivers.otlp.protocols.grpc.endpoint": "127.0.0.1:0",
            "receivers.prometheus.config.scrape_configs": jobs,
            "exporters.prometheusremotewrite.endpoint": backend.url,
            "exporters.debug.verbosity": "basic",
            "service.telemetry.metrics.readers": reader,
            "service.telemetry.logs.encoding": "json",
        }
        words = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
        process = otelier("run", "--config", str(shared / "configs" / "self-monitoring.yaml"), *words).ready()
        backend.until(lambda sink: sink.newest("up") and sink.newest("otelcol_receiver_accepted_metric_points_total"))
        (labels, value), *_ = backend.newest("up").items()
        assert value == 1
        assert dict(labels)["job"] == "otel-collector"
        assert dict(labels)["instance"] == f"127.0.0.1:{port}"
        assert process.end() == 0
