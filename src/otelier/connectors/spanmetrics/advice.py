"""What a user should know about span metrics that are sound: what versions name differently, and traps."""

from collections.abc import Iterator

from ...component import Remark

Version = tuple[int, int]


def remark_names(*, namespaced: bool, since: Version) -> Remark:
    """About the metrics' names, which versions of the Collector give differently by default."""
    version = f"{since[0]}.{since[1]}"
    if namespaced:
        what = f"names begin with `traces.span.metrics.`; before version {version} of the Collector they did not"
        return Remark("namespace", what, 'where dashboards ask for the old names, write `namespace: ""`')
    what = f"names are `calls` and so on, because of `compat`; from version {version} on `traces.span.metrics.calls`"
    return Remark("namespace", what, "remove `compat` once dashboards ask for the new names")


def remark_instance(since: Version) -> Remark:
    """About the dimension that newer versions add."""
    what = f"every series has `collector.instance.id`, from version {since[0]}.{since[1]} of the Collector on"
    return Remark("exclude_dimensions", what, "name it here if a restart of this process must not begin new series")


def traps(*, cumulative: bool, keyed: bool) -> Iterator[Remark]:
    """`keyed`: some resource attributes are named to tell resources apart."""
    if cumulative:
        what = "the first point of a new series of calls is 0, as in the Collector; its count comes with the next"
        yield Remark("aggregation_temporality", what, "nothing is lost: rates and increases count from that 0")
    if not keyed:
        what = "each change of any resource attribute, such as a pod's restart, begins new series beside the old ones"
        yield Remark("resource_metrics_key_attributes", what, "name those that last, such as service.name")
