"""What the query process is told when it starts; one line of JSON on its standard input."""

from typing import Any

import msgspec

from ..component.config import VALUE_TYPES
from ..query.traceql.limits import Limits
from ..server.http import HttpServerSettings
from .prometheus.options import PrometheusOptions
from .rules import RulesOptions


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the query process."""

    server: HttpServerSettings
    """Where and how it answers."""
    tempo: HttpServerSettings | None = None
    """The same of Tempo's API; it is left out without."""
    loki: HttpServerSettings | None = None
    """The same of Loki's API; it is left out without."""
    loki_pushes_to: str = ""
    """`host:port` of the receiver that takes what is pushed there; empty: nothing is taken."""
    prometheus: PrometheusOptions | None = None
    """The same of Prometheus' API; it is left out without."""
    rules: RulesOptions | None = None
    """What is evaluated; without it nothing is."""
    data_dir: str
    """Directory of the store; need not exist yet."""
    allowed_hosts: tuple[str, ...] = ()
    """Names besides those of this machine to which it answers."""
    allow_delete: bool = False
    """Whether traces may be deleted."""
    queries_at_once: int = 4
    """Further ones wait."""
    limits: Limits = Limits()
    """Of one query in TraceQL or SQL."""


def decode(line: bytes) -> Options:
    """Raises msgspec.MsgspecError."""
    return msgspec.json.decode(line, type=Options, dec_hook=_value)


def _value(kind: type, value: object) -> Any:
    return VALUE_TYPES[kind](value)
