"""What the query process is told about Prometheus' API."""

import msgspec

from ...component import Duration
from ...query.promql import Options
from ...server.http import HttpServerSettings
from .forward import Parent


class PrometheusOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the endpoint that answers as Prometheus does."""

    server: HttpServerSettings
    """Where and how; Prometheus' own port is 9090."""
    parent: Parent | None = None
    """Who takes metrics in and scrapes; without it the API only reads."""
    lookback_delta: Duration = Duration(300)
    """How old a sample may be to be a series' current value."""
    timeout: Duration = Duration(120)
    """Longest a query may take."""
    max_samples: int = 50_000_000
    """Most samples that a query may read and make."""
    evaluation_interval: Duration = Duration(60)
    """Step of a subquery that names none."""
    ui_url: str = ""
    """Where browsers find the UI; empty: at the host that was asked, at its own port."""
    external_labels: dict[str, str] = {}
    """Labels that series get when they are federated or read from afar, unless they have them."""

    def engine(self) -> Options:
        """For the engine."""
        return Options(
            lookback_ms=round(self.lookback_delta * 1000),
            default_step_ms=round(self.evaluation_interval * 1000),
            max_samples=self.max_samples,
            timeout_s=float(self.timeout),
        )
