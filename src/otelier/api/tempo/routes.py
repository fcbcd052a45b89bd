"""All that Tempo's API answers: one set of questions, over HTTP and, as Grafana streams them, over gRPC at one port."""

from ...component import Clock
from ...query.tags import Tags
from ...query.traceql.engine import TraceQL
from ...query.traces import Traces
from ...server.grpc_calls import GrpcService
from ...server.router import Group
from . import probes
from .complete import Complete
from .metrics import Metrics
from .search import Search
from .tags import TagRoutes
from .traces import TraceById


def groups(reader: Traces, engine: TraceQL, tags: Tags, clock: Clock) -> list[Group]:
    """For a Router of its own."""
    search, names, series = Search(engine), TagRoutes(tags), Metrics(engine, clock)
    querier = GrpcService(
        "tempopb.StreamingQuerier",
        {
            "Search": search.stream,
            "SearchTags": names.stream_names,
            "SearchTagsV2": names.stream_scopes,
            "SearchTagValues": names.stream_texts,
            "SearchTagValuesV2": names.stream_values,
            "MetricsQueryRange": series.stream_range,
            "MetricsQueryInstant": series.stream_instant,
        },
    )
    served = (TraceById(reader, engine), search, names, series, querier, Complete(engine))
    return [*(each.group() for each in served), probes.group()]


def for_pages(engine: TraceQL, clock: Clock) -> list[Group]:
    """What the web UI asks, for a Router that has another API's traces."""
    return [each.group() for each in (Search(engine), Metrics(engine, clock), Complete(engine))]
