"""`tempopb.StreamingQuerier`: the same questions over gRPC, at the same port, as Grafana streams them."""

from ...server.grpc_calls import GrpcService
from ...server.router import Group
from .metrics import Metrics
from .search import Search
from .tags import TagRoutes


def group(search: Search, tags: TagRoutes, metrics: Metrics) -> Group:
    """All its methods."""
    return GrpcService(
        "tempopb.StreamingQuerier",
        {
            "Search": search.stream,
            "SearchTags": tags.stream_names,
            "SearchTagsV2": tags.stream_scopes,
            "SearchTagValues": tags.stream_texts,
            "SearchTagValuesV2": tags.stream_values,
            "MetricsQueryRange": metrics.stream_range,
            "MetricsQueryInstant": metrics.stream_instant,
        },
    ).group()
