"""Keys of `servicegraph`, and the core's options that follow from them."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ...component import ComponentID, Config, Duration

_BUCKETS_MS = (2, 4, 6, 8, 10, 50, 100, 200, 400, 800, 1000, 1400, 2000, 5000, 10_000, 15_000)
_SERIES_EXPIRATION_NS = 15 * 60 * 10**9
"""As in the Collector, where no key says it."""


class StoreSettings(Config):
    """Spans that wait for their pair."""

    ttl: Duration = Duration(2)
    """How long."""
    max_items: Annotated[int, Meta(ge=0)] = 1000
    """How many; further ones are not counted, but told by `otelcol_connector_servicegraph_dropped_spans`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """The sign of the time."""
        if self.ttl < 0:
            yield "ttl", "must not be negative"


class ServiceGraphConfig(Config):
    metrics_exporter: str = ""
    """Accepted without effect: the pipelines say where metrics go."""
    latency_histogram_buckets: tuple[Duration, ...] | None = None
    """Upper bounds, inclusive; default: from 2ms to 15s, as those of `spanmetrics`."""
    exponential_histogram_max_size: Annotated[int, Meta(ge=0)] = 0
    """Most buckets of exponential histograms, in the place of fixed bounds; 0 = fixed bounds."""
    dimensions: tuple[str, ...] = ()
    """Attributes of resource or span that become `client_<name>` and `server_<name>`."""
    store: StoreSettings = StoreSettings()
    """Spans that wait for their pair."""
    cache_loop: Duration = Duration(60)
    """Accepted without effect: series of which nothing came for 15 minutes are forgotten at each flush."""
    store_expiration_loop: Duration = Duration(2)
    """Accepted without effect: what has waited too long is found with every batch and at each flush."""
    virtual_node_peer_attributes: tuple[str, ...] = ("peer.service", "db.name", "db.system")
    """Attributes of a client span that name whom it calls, the first one wins, where that one sends no spans.
    Empty: no virtual nodes; calls with one side only are not counted."""
    virtual_node_extra_label: bool = False
    """Add `virtual_node`: `client` or `server`, whichever sent no span, or empty."""
    metrics_flush_interval: Duration = Duration(60)
    """Time between two flushes; the last one is at the stop. 0 = with every batch."""
    database_name_attribute: str = ""
    """Older spelling of one entry of `database_name_attributes`."""
    database_name_attributes: tuple[str, ...] = ("db.name",)
    """Attributes by which a client span is known to call a database, which sends no spans; the first one wins and is
    the server's name."""
    storage: ComponentID | None = None
    """Otelier's addition: extension that keeps spans until they are in a saved state, and that state, so that series,
    counts and spans that wait outlive a restart or a kill. Such as `file_storage`."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Times, and either or."""
        if self.metrics_flush_interval < 0:
            yield "metrics_flush_interval", "must not be negative"
        buckets = self.latency_histogram_buckets
        if buckets is not None and self.exponential_histogram_max_size:
            yield "exponential_histogram_max_size", "use either this or `latency_histogram_buckets`"
        if self.exponential_histogram_max_size == 1:
            yield "exponential_histogram_max_size", "must be 0 or at least 2"
        if buckets is not None and list(buckets) != sorted(set(buckets)):
            yield "latency_histogram_buckets", "must ascend"

    def options(self) -> bytes:
        """The core's options."""
        bounds = [ms * 10**6 for ms in _BUCKETS_MS]
        if self.latency_histogram_buckets is not None:
            bounds = [round(bound * 10**9) for bound in self.latency_histogram_buckets]
        older = (self.database_name_attribute,) if self.database_name_attribute else ()
        options: dict[str, Any] = {
            "bounds_ns": None if self.exponential_histogram_max_size else bounds,
            "max_size": self.exponential_histogram_max_size,
            "dimensions": self.dimensions,
            "ttl_ns": round(self.store.ttl * 10**9),
            "max_items": self.store.max_items,
            "peer_attributes": self.virtual_node_peer_attributes,
            "extra_label": self.virtual_node_extra_label,
            "database_attributes": (*older, *self.database_name_attributes),
            "series_expiration_ns": _SERIES_EXPIRATION_NS,
        }
        return msgspec.json.encode(options)
