"""Rules in the query process: they ask its readers, and what they find goes to the process that takes metrics in."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..component import Clock, Meter
from ..query.logs import Logs
from ..query.metrics_reader import MetricsReader
from ..query.promql import Options as PromqlOptions
from ..query.traceql.engine import TraceQL
from ..rules.errors import RuleError
from ..rules.group import Sample
from ..rules.service import RuleService
from ..rules.sources import StoreSources
from ..rules.write import write_request
from ..scrape.config import PrometheusConfig, RulesSettings
from ..server.request import HttpError
from ..storage.request_tenant import TENANT_HEADER
from .prometheus.forward import Forward

_HEADERS = {"content-type": "application/x-protobuf", "x-prometheus-remote-write-version": "0.1.0"}


class RulesOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the query process is told about rules."""

    settings: RulesSettings = RulesSettings()
    """What is evaluated besides what `prometheus.yml` names."""
    config_file: str = ""
    """A `prometheus.yml`."""
    config: PrometheusConfig | None = None
    """The same, given here."""


def rule_service(
    options: RulesOptions,
    metrics: MetricsReader,
    engine: PromqlOptions,
    traces: TraceQL,
    logs: Logs,
    forward: Forward,
    clock: Clock,
    meter: Meter,
    directory: Path,
) -> RuleService:
    """Not started. Raises OSError where silences can't be read."""

    def append(tenant: str, samples: Sequence[Sample]) -> None:
        headers = {**_HEADERS, TENANT_HEADER: tenant}
        try:
            answer = forward.send("POST", "/api/v1/write", write_request(samples), headers)
        except HttpError as error:
            raise RuleError(str(error)) from error
        if answer.status // 100 != 2:
            text = bytes(answer.body).decode(errors="replace").strip()
            raise RuleError(f"what the rule found was not written: {text or f'HTTP status {answer.status}'}")

    def sources(tenant: str) -> StoreSources:
        return StoreSources(metrics, clock, tenant, options=engine, traces=traces, logs=logs.of)

    config = options.config_file or options.config or PrometheusConfig()
    return RuleService(options.settings, config, sources, append, clock, meter, directory / "rules")
