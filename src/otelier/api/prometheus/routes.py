"""All of Prometheus' API over a reader of metrics."""

from collections.abc import Callable, Sequence

from ...component import Clock
from ...query.metrics_reader import MetricsReader
from ...query.promql import Options
from ...query.rules_state import NoRules, RulesState
from ...server.request import Request
from ...server.router import Group
from . import pages, probes
from .exemplars import Exemplars
from .federate import Federation
from .forward import Forward, Forwarded
from .names import Names
from .options import PrometheusOptions
from .queries import Queries
from .read import RemoteRead
from .rules import Rules
from .search import Search
from .status import Status


def groups(
    reader: MetricsReader,
    options: PrometheusOptions,
    clock: Clock,
    data_dir: str,
    rules: RulesState | None = None,
    forward: Forward | None = None,
    reload_rules: Callable[[], None] | None = None,
    ui: Callable[[Request], str] | None = None,
) -> Sequence[Group]:
    """For a Router. Without `rules` there are none; without `forward` the parent's paths answer 503; `ui`: the address
    of the pages that show traces, for whoever asks."""
    engine, state = options.engine(), rules or NoRules()
    return [
        Queries(reader, engine, clock).group(),
        Names(reader).group(),
        Search(reader, clock).group(),
        Status(reader, clock, data_dir, forward, options).group(),
        Rules(state).group(),
        Exemplars(reader, state, clock).group(),
        RemoteRead(reader, engine.max_samples, options.external_labels).group(),
        Federation(reader, clock, engine.lookback_ms, options.external_labels).group(),
        Forwarded(forward, reload_rules).group(),
        probes.group(),
        pages.group(ui),
    ]


def queries(reader: MetricsReader, options: PrometheusOptions | None, clock: Clock) -> Group:
    """PromQL alone."""
    return Queries(reader, options.engine() if options else Options(), clock).group()
