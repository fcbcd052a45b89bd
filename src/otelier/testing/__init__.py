"""Public test doubles: clock, disk that loses, consumer that remembers, Kubernetes API, contexts, telemetry."""

from .alertmanager import FakeAlertmanager
from .clock import FakeClock
from .context import component_context
from .disk import losing_disk
from .exporter import MemoryExporter
from .kubernetes import FakeKubernetes
from .registry import private_registry
from .remote_write import RemoteWriteSink
from .storage import SimulatedStorage
from .telemetry import (
    counter,
    decode,
    gauge,
    items,
    log_record,
    logs,
    metrics,
    request,
    span,
    span_id,
    trace_id,
    traces,
)

__all__ = [
    "FakeAlertmanager",
    "FakeClock",
    "FakeKubernetes",
    "MemoryExporter",
    "RemoteWriteSink",
    "SimulatedStorage",
    "component_context",
    "counter",
    "decode",
    "gauge",
    "items",
    "log_record",
    "logs",
    "losing_disk",
    "metrics",
    "private_registry",
    "request",
    "span",
    "span_id",
    "trace_id",
    "traces",
]
