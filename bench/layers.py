"""The configurations of the two-layer deployment as both systems can run them side by side.

They are read from the shared folder. Changed is only what the Go collector can't start with (components that upstream
removed) or what a cluster gives (addresses, resolvers); and `num_traces` of layer 1, beyond which it loses spans.
"""

from pathlib import Path
from typing import Any

import yaml

from .far_end import HTTP_PORT, PORTS, WRITE_PORT
from .rows import SHARED

HEALTH_PORT = 13133


def runnable(name: str, folder: Path) -> Path:
    """A file in `folder` with the configuration of that name."""
    tree: dict[str, Any] = yaml.safe_load((SHARED / "configs" / f"{name}.yaml").read_text())
    tree = tree.get("config", tree)
    otlp = tree["receivers"]["otlp"]["protocols"]
    otlp["grpc"] = {"endpoint": "127.0.0.1:4317", "max_recv_msg_size_mib": 64}
    otlp["http"] = {"endpoint": "127.0.0.1:4318"}
    tree["extensions"] = {"health_check": {"endpoint": f"127.0.0.1:{HEALTH_PORT}"}}
    tree["service"]["extensions"] = ["health_check"]
    tree["service"]["telemetry"] = {"metrics": {"level": "none"}, "logs": {"level": "warn"}}
    for exporter in tree["exporters"].values():
        _reach_us(exporter)
    for key, processor in tree["processors"].items():
        if key == "groupbytrace":
            processor["num_traces"] = 200_000
        if key.startswith("tail_sampling"):
            processor["num_traces"] = 200_000
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True))
    return path


def _reach_us(exporter: dict[str, Any]) -> None:
    if "resolver" in exporter:
        exporter["resolver"] = {"static": {"hostnames": [f"127.0.0.1:{port}" for port in PORTS]}}
        # Two exporters send to the same sinks: what waits at the end must not time out.
        exporter["protocol"]["otlp"] |= {"compression": "none", "timeout": "10s"}
    elif "REMOTE_WRITE" in str(exporter.get("endpoint")):
        exporter["endpoint"] = f"http://127.0.0.1:{WRITE_PORT}/api/v1/write"
    elif "TRACE_STORE" in str(exporter.get("endpoint")):
        exporter["endpoint"] = f"http://127.0.0.1:{HTTP_PORT}"
        exporter["compression"] = "none"
