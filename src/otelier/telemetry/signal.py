"""The signals and the words that the Collector's metrics and messages use for their items."""

from typing import Literal, TypeAlias

Signal: TypeAlias = Literal["traces", "metrics", "logs"]

SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")

_SUFFIX: dict[Signal, str] = {"traces": "spans", "metrics": "metric_points", "logs": "log_records"}
_ITEM: dict[Signal, str] = {"traces": "span", "metrics": "data point", "logs": "log record"}


def items_suffix(signal: Signal) -> str:
    """The end of the Collector's own metric names: `otelcol_receiver_accepted_<suffix>`."""
    return _SUFFIX[signal]


def item_name(signal: Signal, count: int = 1) -> str:
    """What one item of the signal is called in messages to people, in the plural where `count` is not 1."""
    return _ITEM[signal] if count == 1 else _ITEM[signal] + "s"
