"""The contracts of components: what they are given, what they promise, how they are registered."""

from .clock import Clock, SystemClock, Timer
from .config import Config, Duration, Remark, Secret
from .context import Context
from .contracts import Component, Connector, Consumer, Exporter, Extension, Processor, Receiver, RoutingProcessor
from .custody import FORWARDS, Custody, CustodyKind
from .errors import (
    ConfigError,
    Invalid,
    Location,
    OtelierError,
    Permanent,
    Problem,
    Refused,
    Rejected,
    Retryable,
    StartError,
)
from .fanout import Handed, fan_out, hand_out
from .finish import finish_by
from .id import ComponentID
from .instance import INSTANCE_ID
from .meter import BoundCounter, BoundHistogram, Counter, Histogram, HistogramValue, Meter, Metric, Reading
from .numbered import NumberedQueue
from .pages import Link, Page, Pages, Question, Shown
from .prometheus_values import ByteSize, PrometheusDuration, duration_ms
from .registry import Kind, Registration, connector, exporter, extension, processor, receiver
from .storage import QueueStore, RecordStore, Storage, find_storage

__all__ = [
    "FORWARDS",
    "INSTANCE_ID",
    "BoundCounter",
    "BoundHistogram",
    "ByteSize",
    "Clock",
    "Component",
    "ComponentID",
    "Config",
    "ConfigError",
    "Connector",
    "Consumer",
    "Context",
    "Counter",
    "Custody",
    "CustodyKind",
    "Duration",
    "Exporter",
    "Extension",
    "Handed",
    "Histogram",
    "HistogramValue",
    "Invalid",
    "Kind",
    "Link",
    "Location",
    "Meter",
    "Metric",
    "NumberedQueue",
    "OtelierError",
    "Page",
    "Pages",
    "Permanent",
    "Problem",
    "Processor",
    "PrometheusDuration",
    "Question",
    "QueueStore",
    "Reading",
    "Receiver",
    "RecordStore",
    "Refused",
    "Registration",
    "Rejected",
    "Remark",
    "Retryable",
    "RoutingProcessor",
    "Secret",
    "Shown",
    "StartError",
    "Storage",
    "SystemClock",
    "Timer",
    "connector",
    "duration_ms",
    "exporter",
    "extension",
    "fan_out",
    "find_storage",
    "finish_by",
    "hand_out",
    "processor",
    "receiver",
]
